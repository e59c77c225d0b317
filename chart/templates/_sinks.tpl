{{/* The base URL of the Prometheus that is read and, by default, written; empty when there is none. */}}
{{- define "podatlas.prometheusUrl" -}}
{{- if .Values.prometheus.enabled -}}
{{- $part := dict "root" . "component" "prometheus" -}}
http://{{ include "podatlas.partName" $part }}.{{ include "podatlas.namespace" . }}.svc:9090
{{- else -}}
{{- .Values.prometheus.url | trimSuffix "/" -}}
{{- end -}}
{{- end }}

{{/* The sinks that are switched on, as {name: values}. */}}
{{- define "podatlas.enabledSinks" -}}
{{- $sinks := dict -}}
{{- range $name, $sink := .Values.sinks -}}
{{- if ne (toString $sink.enabled) "false" }}{{ $_ := set $sinks $name $sink }}{{ end -}}
{{- end -}}
{{- toYaml $sinks -}}
{{- end }}

{{/* Secret that holds a sink's credentials: the user's, the chart's, or none (empty). Takes {root, name, sink}. */}}
{{- define "podatlas.sinkSecret" -}}
{{- $credentials := .sink.credentials | default dict -}}
{{- if $credentials.existingSecret -}}
{{- $credentials.existingSecret -}}
{{- else if $credentials.values -}}
{{- printf "%s-sink-%s" (include "podatlas.fullname" .root) .name -}}
{{- end -}}
{{- end }}

{{/* What the Secret of a sink is to hold, as {key of credentials.keys: the agent's setting that takes the file with it}. Takes
     the sink. A token is meant where one is named. */}}
{{- define "podatlas.sinkCredentials" -}}
{{- $credentials := .credentials | default dict -}}
{{- if eq .type "newrelic" -}}
licenseKey: keyFile
{{- else if or (hasKey ($credentials.keys | default dict) "token") (hasKey ($credentials.values | default dict) "token") -}}
token: tokenFile
{{- else -}}
username: usernameFile
password: passwordFile
{{- end -}}
{{- end }}

{{/* Secret that holds values of a sink's headers: the user's, the chart's, or none (empty). Takes {root, name, sink}. */}}
{{- define "podatlas.headerSecret" -}}
{{- $secret := .sink.secretHeaders | default dict -}}
{{- if $secret.existingSecret -}}
{{- $secret.existingSecret -}}
{{- else if $secret.values -}}
{{- printf "%s-headers-%s" (include "podatlas.fullname" .root) .name -}}
{{- end -}}
{{- end }}

{{/* Headers whose values a Secret holds, as {header: key of the Secret}. Takes the sink. */}}
{{- define "podatlas.secretHeaders" -}}
{{- $secret := .secretHeaders | default dict -}}
{{- $headers := dict -}}
{{- if $secret.existingSecret -}}
{{- $headers = $secret.keys | default dict -}}
{{- else -}}
{{- range $header, $_ := $secret.values }}{{ $_ := set $headers $header $header }}{{ end -}}
{{- end -}}
{{- toYaml $headers -}}
{{- end }}

{{/* What a sink mounts of Secrets for TLS, as a list of {secret: {name, items}}; empty for none. Takes the sink. */}}
{{- define "podatlas.sinkTlsSecrets" -}}
{{- $tls := .tls | default dict -}}
{{- $sources := list -}}
{{- with $tls.caSecret -}}
{{- $sources = append $sources (dict "secret" (dict "name" . "items" (list (dict "key" "ca.crt" "path" "ca.crt")))) -}}
{{- end -}}
{{- with $tls.certSecret -}}
{{- $items := list (dict "key" "tls.crt" "path" "tls.crt") (dict "key" "tls.key" "path" "tls.key") -}}
{{- $sources = append $sources (dict "secret" (dict "name" . "items" $items)) -}}
{{- end -}}
{{- if $sources }}{{ toYaml $sources }}{{ end -}}
{{- end }}

{{/* The agent's `tls` of a sink, with paths of mounted files. Takes {name, tls}. */}}
{{- define "podatlas.sinkTls" -}}
{{- $folder := printf "/etc/podatlas-tls/%s" .name -}}
{{- $config := omit .tls "caSecret" "certSecret" -}}
{{- if .tls.caSecret }}{{ $_ := set $config "caFile" (printf "%s/ca.crt" $folder) }}{{ end -}}
{{- if .tls.certSecret -}}
{{- $_ := set $config "certFile" (printf "%s/tls.crt" $folder) -}}
{{- $_ := set $config "keyFile" (printf "%s/tls.key" $folder) -}}
{{- end -}}
{{- toYaml $config -}}
{{- end }}

{{/* Where a sink writes to; empty: it says so itself, or to nowhere. Takes {root, sink}. */}}
{{- define "podatlas.sinkEndpoint" -}}
{{- if .sink.endpoint -}}
{{- .sink.endpoint -}}
{{- else if eq .sink.type "prometheus" -}}
{{- printf "%s/api/v1/write" (include "podatlas.prometheusUrl" .root) -}}
{{- end -}}
{{- end }}

{{/* HOST or HOST:PORT of a URL, or of what is that already. */}}
{{- define "podatlas.hostOf" -}}
{{- regexReplaceAll "^(https?://)?([^/@]*@)?([^/]*).*$" . "${3}" -}}
{{- end }}

{{/* "true" for a host, with a port or without, whose name only a cluster knows. */}}
{{- define "podatlas.isInCluster" -}}
{{- if or (regexMatch "^[^.]+(:[0-9]+)?$" .) (regexMatch "[.]svc([.].+)?(:[0-9]+)?$" .) }}true{{ end -}}
{{- end }}

{{/* The host outside the cluster that a sink writes to without saying who it is; empty for none. Takes {sink, endpoint}. */}}
{{- define "podatlas.openHost" -}}
{{- $host := include "podatlas.hostOf" .endpoint -}}
{{- $headers := keys (.sink.headers | default dict) | join " " | regexMatch "(?i)auth|cookie|key|pass|secret|token" -}}
{{- if not (or (include "podatlas.isInCluster" $host) .sink.credentials .sink.secretHeaders (.sink.tls).certSecret $headers) }}{{ $host }}{{ end -}}
{{- end }}

{{/* The agent's `sinks`: the user's options as they are, credentials, secret headers and certificates as paths of mounted files. */}}
{{- define "podatlas.sinkConfig" -}}
{{- $configs := dict -}}
{{- range $name, $sink := include "podatlas.enabledSinks" . | fromYaml -}}
{{- $config := omit $sink "enabled" "credentials" "secretHeaders" "tls" -}}
{{- if eq $sink.type "prometheus" -}}
{{- $_ := set $config "endpoint" (include "podatlas.sinkEndpoint" (dict "root" $ "sink" $sink)) -}}
{{- else if not (has $sink.type (list "newrelic" "otlp" "scrape" "stdout")) -}}
{{- fail (printf "podatlas: sinks.%s.type: there is no sink of type %s. Types: newrelic, otlp, prometheus, scrape, stdout" $name $sink.type) -}}
{{- end -}}
{{- if include "podatlas.sinkSecret" (dict "root" $ "name" $name "sink" $sink) -}}
{{- range $credential, $setting := include "podatlas.sinkCredentials" $sink | fromYaml -}}
{{- $_ := set $config $setting (printf "/etc/podatlas-sinks/%s/%s" $name $credential) -}}
{{- end -}}
{{- end -}}
{{- $headerFiles := dict -}}
{{- range $header, $_ := include "podatlas.secretHeaders" $sink | fromYaml -}}
{{- $_ := set $headerFiles $header (printf "/etc/podatlas-headers/%s/%s" $name $header) -}}
{{- end -}}
{{- if $headerFiles }}{{ $_ := set $config "headerFiles" $headerFiles }}{{ end -}}
{{- with $sink.tls -}}
{{- $_ := set $config "tls" (include "podatlas.sinkTls" (dict "name" $name "tls" .) | fromYaml) -}}
{{- end -}}
{{- $_ := set $configs $name $config -}}
{{- end -}}
{{- toYaml $configs -}}
{{- end }}
