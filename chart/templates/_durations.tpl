{{/* Seconds of a duration such as 90s or 2m. */}}
{{- define "podatlas.seconds" -}}
{{- $number := regexFind "^[0-9]+" . | int -}}
{{- hasSuffix "m" . | ternary (mul $number 60) $number -}}
{{- end }}
