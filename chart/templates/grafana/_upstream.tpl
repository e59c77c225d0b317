{{/*
How the bundled Grafana asks a Prometheus that wants credentials. Each takes the root. Texts of Secrets come from the
environment: what Grafana reads from a file it expands once more, and a $ in a password would be lost.
*/}}

{{/* Variables by header, for headers whose values are secret. */}}
{{- define "podatlas.datasourceSecretHeaders" -}}
{{- $headers := dict -}}
{{- if include "podatlas.upstreamSecret" . -}}
{{- if include "podatlas.upstreamHasToken" . }}{{ $_ := set $headers "Authorization" "Bearer $PODATLAS_UPSTREAM_TOKEN" }}{{ end -}}
{{- end -}}
{{- range $index, $name := keys (.Values.prometheus.upstream.secretHeaders.keys | default dict) | sortAlpha -}}
{{- $_ := set $headers $name (printf "$PODATLAS_UPSTREAM_HEADER_%d" (add1 $index)) -}}
{{- end -}}
{{- toYaml $headers -}}
{{- end }}

{{/* What follows the first keys of the data source: more of its jsonData, then keys of its own. */}}
{{- define "podatlas.datasourceUpstream" -}}
{{- $upstream := .Values.prometheus.upstream -}}
{{- $plain := dict -}}
{{- $secure := dict -}}
{{- $headers := include "podatlas.datasourceSecretHeaders" . | fromYaml -}}
{{- range $name, $value := $upstream.headers }}{{ $_ := set $headers $name ($value | replace "$" "$$") }}{{ end -}}
{{- range $index, $name := keys $headers | sortAlpha -}}
{{- $_ := set $plain (printf "httpHeaderName%d" (add1 $index)) $name -}}
{{- $_ := set $secure (printf "httpHeaderValue%d" (add1 $index)) (get $headers $name) -}}
{{- end -}}
{{- with $upstream.tls -}}
{{- if .caSecret -}}
{{- $_ := set $plain "tlsAuthWithCACert" true -}}
{{- $_ := set $secure "tlsCACert" "$__file{/etc/podatlas/upstream/ca.crt}" -}}
{{- end -}}
{{- if .certSecret -}}
{{- $_ := set $plain "tlsAuth" true -}}
{{- $_ := set $secure "tlsClientCert" "$__file{/etc/podatlas/upstream/tls.crt}" -}}
{{- $_ := set $secure "tlsClientKey" "$__file{/etc/podatlas/upstream/tls.key}" -}}
{{- end -}}
{{- if .serverName }}{{ $_ := set $plain "serverName" .serverName }}{{ end -}}
{{- if .insecureSkipVerify }}{{ $_ := set $plain "tlsSkipVerify" true }}{{ end -}}
{{- end -}}
{{- $own := dict -}}
{{- if and (include "podatlas.upstreamSecret" .) (not (include "podatlas.upstreamHasToken" .)) -}}
{{- $own = dict "basicAuth" true "basicAuthUser" "$PODATLAS_UPSTREAM_USERNAME" -}}
{{- $_ := set $secure "basicAuthPassword" "$PODATLAS_UPSTREAM_PASSWORD" -}}
{{- end -}}
{{- if $secure }}{{ $_ := set $own "secureJsonData" $secure }}{{ end -}}
{{- if $plain }}{{ toYaml $plain | nindent 6 }}{{ end -}}
{{- if $own }}{{ toYaml $own | nindent 4 }}{{ end -}}
{{- end }}

{{/* The variables that it names. */}}
{{- define "podatlas.datasourceEnv" -}}
{{- $upstream := .Values.prometheus.upstream -}}
{{- $keys := $upstream.credentials.keys | default dict -}}
{{- $env := dict -}}
{{- with include "podatlas.upstreamSecret" . -}}
{{- $names := list "username" "password" -}}
{{- if include "podatlas.upstreamHasToken" $ }}{{ $names = list "token" }}{{ end -}}
{{- range $name := $names -}}
{{- $from := dict "secretKeyRef" (dict "name" (include "podatlas.upstreamSecret" $) "key" (get $keys $name | default $name)) -}}
{{- $_ := set $env (printf "PODATLAS_UPSTREAM_%s" (upper $name)) (dict "valueFrom" $from) -}}
{{- end -}}
{{- end -}}
{{- range $index, $name := keys ($upstream.secretHeaders.keys | default dict) | sortAlpha -}}
{{- $from := dict "secretKeyRef" (dict "name" $upstream.secretHeaders.existingSecret "key" (get $upstream.secretHeaders.keys $name)) -}}
{{- $_ := set $env (printf "PODATLAS_UPSTREAM_HEADER_%d" (add1 $index)) (dict "valueFrom" $from) -}}
{{- end -}}
{{- if $env }}{{ toYaml $env }}{{ end -}}
{{- end }}
