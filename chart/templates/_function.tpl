{{/* What geoip and peers have in common. */}}

{{- define "podatlas.function" -}}
{{- include "podatlas.deployment" (merge (dict "port" 8080 "paths" (dict "startup" "/healthz" "liveness" "/healthz" "readiness" "/readyz")) .) -}}
{{- end }}

{{/* Host and port of geoip or peers, for scrapers in any namespace. */}}
{{- define "podatlas.functionHost" -}}
{{- include "podatlas.partName" . }}.{{ include "podatlas.namespace" .root }}.svc:8080
{{- end }}

{{/* The addresses that peers classifies: where clusters are told apart, those of its own. Empty: what peers does by itself. */}}
{{- define "podatlas.peersQuery" -}}
{{- with .Values.cluster.name -}}
count by (destination_ip) (podatlas_transmit_bytes_total{cluster={{ . | quote }}})
{{- end -}}
{{- end }}
