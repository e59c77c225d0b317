{{/* How geoip, peers and helm test ask Prometheus. Each takes the root. */}}

{{/* Secret with the credentials: the user's, the chart's, or none (empty). */}}
{{- define "podatlas.upstreamSecret" -}}
{{- $credentials := .Values.prometheus.upstream.credentials -}}
{{- if $credentials.existingSecret -}}
{{- $credentials.existingSecret -}}
{{- else if $credentials.values -}}
{{- printf "%s-upstream" (include "podatlas.partName" (dict "root" . "component" "prometheus")) -}}
{{- end -}}
{{- end }}

{{/* Whether a token is meant, and not a user with a password. Empty for no. */}}
{{- define "podatlas.upstreamHasToken" -}}
{{- $credentials := .Values.prometheus.upstream.credentials -}}
{{- if or (dig "token" "" ($credentials.keys | default dict)) (dig "token" "" ($credentials.values | default dict)) }}true{{ end -}}
{{- end }}

{{/* The sources of the one volume that all files come from, as a list; empty for none. */}}
{{- define "podatlas.upstreamSources" -}}
{{- $upstream := .Values.prometheus.upstream -}}
{{- $sources := list -}}
{{- with include "podatlas.upstreamSecret" . -}}
{{- $keys := $upstream.credentials.keys | default dict -}}
{{- $items := list -}}
{{- if include "podatlas.upstreamHasToken" $ -}}
{{- $items = list (dict "key" ($keys.token | default "token") "path" "token") -}}
{{- else -}}
{{- $items = list (dict "key" ($keys.username | default "username") "path" "username") (dict "key" ($keys.password | default "password") "path" "password") -}}
{{- end -}}
{{- $sources = append $sources (dict "secret" (dict "name" . "items" $items)) -}}
{{- end -}}
{{- with $upstream.tls.caSecret -}}
{{- $sources = append $sources (dict "secret" (dict "name" . "items" (list (dict "key" "ca.crt" "path" "ca.crt")))) -}}
{{- end -}}
{{- with $upstream.tls.certSecret -}}
{{- $items := list (dict "key" "tls.crt" "path" "tls.crt") (dict "key" "tls.key" "path" "tls.key") -}}
{{- $sources = append $sources (dict "secret" (dict "name" . "items" $items)) -}}
{{- end -}}
{{- with $upstream.secretHeaders.existingSecret -}}
{{- $items := list -}}
{{- range $header, $key := $upstream.secretHeaders.keys }}{{ $items = append $items (dict "key" $key "path" (printf "headers/%s" $header)) }}{{ end -}}
{{- $sources = append $sources (dict "secret" (dict "name" . "items" $items)) -}}
{{- end -}}
{{- if $sources }}{{ toYaml $sources }}{{ end -}}
{{- end }}

{{/* Adds that volume to a part of a pod: {root, volumes, mounts, …}. */}}
{{- define "podatlas.mountUpstream" -}}
{{- with include "podatlas.upstreamSources" .root -}}
{{- $_ := set $.volumes "upstream" (dict "projected" (dict "sources" (fromYamlArray .))) -}}
{{- $_ := set $.mounts "/etc/podatlas/upstream" (dict "name" "upstream" "readOnly" true) -}}
{{- end -}}
{{- end }}

{{/* The command line that goes with it, as {args}. */}}
{{- define "podatlas.upstreamArgs" -}}
{{- $upstream := .Values.prometheus.upstream -}}
{{- $folder := "/etc/podatlas/upstream" -}}
{{- $args := list -}}
{{- if include "podatlas.upstreamSecret" . -}}
{{- if include "podatlas.upstreamHasToken" . -}}
{{- $args = list "--bearer-token-file" (printf "%s/token" $folder) -}}
{{- else -}}
{{- $args = list "--username-file" (printf "%s/username" $folder) "--password-file" (printf "%s/password" $folder) -}}
{{- end -}}
{{- end -}}
{{- if $upstream.tls.caSecret }}{{ $args = concat $args (list "--ca-file" (printf "%s/ca.crt" $folder)) }}{{ end -}}
{{- if $upstream.tls.certSecret -}}
{{- $args = concat $args (list "--cert-file" (printf "%s/tls.crt" $folder) "--key-file" (printf "%s/tls.key" $folder)) -}}
{{- end -}}
{{- with $upstream.tls.serverName }}{{ $args = concat $args (list "--server-name" .) }}{{ end -}}
{{- if $upstream.tls.insecureSkipVerify }}{{ $args = append $args "--insecure-skip-verify" }}{{ end -}}
{{- range $name, $value := $upstream.headers }}{{ $args = concat $args (list "--header" (printf "%s=%s" $name $value)) }}{{ end -}}
{{- range $name, $_ := $upstream.secretHeaders.keys }}{{ $args = concat $args (list "--header-file" (printf "%s=%s/headers/%s" $name $folder $name)) }}{{ end -}}
{{- toYaml (dict "args" $args) -}}
{{- end }}
