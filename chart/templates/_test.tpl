{{/* Whether `helm test` has something to ask. Empty for no. */}}
{{- define "podatlas.hasTest" -}}
{{- if and .Values.helmTest.enabled (include "podatlas.prometheusUrl" .) -}}true{{- end -}}
{{- end }}

{{/* The command line of podatlas-check, as {args}: it asks for what is on, as geoip asks Prometheus. */}}
{{- define "podatlas.testArgs" -}}
{{- $args := list "-p" (include "podatlas.prometheusUrl" .) "--wait" .Values.helmTest.wait -}}
{{- with .Values.cluster.name }}{{ $args = concat $args (list "--cluster" .) }}{{ end -}}
{{- if .Values.geoip.enabled -}}
{{- $args = concat $args (list "--geoip" (printf "http://%s" (include "podatlas.functionHost" (dict "root" . "component" "geoip")))) -}}
{{- end -}}
{{- if .Values.peers.enabled }}{{ $args = append $args "--peers" }}{{ end -}}
{{- toYaml (dict "args" (concat $args (include "podatlas.upstreamArgs" . | fromYaml).args)) -}}
{{- end }}
