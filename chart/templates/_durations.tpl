{{/* Seconds of a duration such as 90s, 2m, 1h or 7d. */}}
{{- define "podatlas.seconds" -}}
{{- $units := dict "s" 1 "m" 60 "h" 3600 "d" 86400 -}}
{{- mul (regexFind "^[0-9]+" .) (index $units (regexFind "[smhd]$" .)) -}}
{{- end }}
