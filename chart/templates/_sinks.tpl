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

{{/* What credentials of a type of sink hold, as {name: the agent's setting that takes the file with it}. */}}
{{- define "podatlas.sinkCredentials" -}}
{{- if eq . "newrelic" -}}
licenseKey: keyFile
{{- else if eq . "prometheus" -}}
username: usernameFile
password: passwordFile
{{- end -}}
{{- end }}

{{/* The agent's `sinks`: the user's options as they are, credentials as paths of mounted files. */}}
{{- define "podatlas.sinkConfig" -}}
{{- $configs := dict -}}
{{- range $name, $sink := include "podatlas.enabledSinks" . | fromYaml -}}
{{- $config := omit $sink "enabled" "credentials" -}}
{{- if eq $sink.type "prometheus" -}}
{{- $default := printf "%s/api/v1/write" (include "podatlas.prometheusUrl" $) -}}
{{- $_ := set $config "endpoint" ($sink.endpoint | default $default) -}}
{{- else if not (has $sink.type (list "newrelic" "stdout")) -}}
{{- fail (printf "podatlas: sinks.%s.type: there is no sink of type %s. Types: newrelic, prometheus, stdout" $name $sink.type) -}}
{{- end -}}
{{- if include "podatlas.sinkSecret" (dict "root" $ "name" $name "sink" $sink) -}}
{{- range $credential, $setting := include "podatlas.sinkCredentials" $sink.type | fromYaml -}}
{{- $_ := set $config $setting (printf "/etc/podatlas-sinks/%s/%s" $name $credential) -}}
{{- end -}}
{{- end -}}
{{- $_ := set $configs $name $config -}}
{{- end -}}
{{- toYaml $configs -}}
{{- end }}
