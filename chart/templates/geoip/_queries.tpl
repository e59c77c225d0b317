{{/* The command line of further queries, as {args}. */}}
{{- define "podatlas.queryArgs" -}}
{{- $args := list -}}
{{- range $name, $query := .Values.geoip.queries -}}
{{- $args = concat $args (list "-q" (printf "%s=%s" $name $query.query)) -}}
{{- with $query.addressLabel }}{{ $args = concat $args (list "-i" (printf "%s=%s" $name .)) }}{{ end -}}
{{- range $query.labels }}{{ $args = concat $args (list "-l" (printf "%s=%s" $name .)) }}{{ end -}}
{{- with $query.interval }}{{ $args = concat $args (list "--interval" (printf "%s=%s" $name .)) }}{{ end -}}
{{- with $query.maxAddresses }}{{ $args = concat $args (list "--max-addresses" (printf "%s=%d" $name (int .))) }}{{ end -}}
{{- end -}}
{{- toYaml (dict "args" $args) -}}
{{- end }}
