{{/* The dashboards that are not disabled, as {uid: path of the file}. Files are read as they are: legends like
     {{pod}} are Grafana's to fill in. */}}
{{- define "podatlas.dashboards" -}}
{{- $files := dict -}}
{{- range $path, $_ := .Files.Glob "files/dashboards/*.json" -}}
{{- $uid := base $path | trimSuffix ".json" -}}
{{- if not (index ($.Values.dashboards.disabled | default dict) $uid) }}{{ $_ := set $files $uid $path }}{{ end -}}
{{- end -}}
{{- toYaml $files -}}
{{- end }}

{{/* The uids of all dashboards, disabled ones too. */}}
{{- define "podatlas.dashboardUids" -}}
{{- $uids := list -}}
{{- range $path, $_ := .Files.Glob "files/dashboards/*.json" -}}
{{- $uids = append $uids (base $path | trimSuffix ".json") -}}
{{- end -}}
{{- if not $uids }}{{ fail "podatlas: the chart holds no dashboards: files/dashboards is empty. Run npm run gen." }}{{ end -}}
{{- $uids | sortAlpha | join ", " -}}
{{- end }}

{{/* The longest time between two samples of a series: of those that agents send, and of those that somebody scrapes. */}}
{{- define "podatlas.sampleInterval" -}}
{{- $intervals := list .Values.agent.interval .Values.prometheus.scrapeInterval -}}
{{- range list .Values.monitors.serviceMonitor .Values.monitors.podMonitor -}}
{{- if .enabled }}{{ $intervals = append $intervals .interval }}{{ end -}}
{{- end -}}
{{- $longest := 0 -}}
{{- range $intervals }}{{ $longest = max $longest (include "podatlas.seconds" . | int) }}{{ end -}}
{{- $longest }}s
{{- end }}

{{/* The text of a dashboard, with the interval of samples, the currency and the address of the runbooks from values. Takes
     {root, path}. */}}
{{- define "podatlas.dashboardText" -}}
{{- $text := .root.Files.Get .path | replace "currency:¤" (printf "currency:%s" .root.Values.cost.currency) -}}
{{- $text = $text | replace `"interval":"10s"` (printf `"interval":"%s"` (include "podatlas.sampleInterval" .root)) -}}
{{- with .root.Values.rules.runbookUrl -}}
{{- $text = $text | replace "https://github.com/podatlas/podatlas/blob/main/docs/runbooks/" (printf "%s/" (trimSuffix "/" .)) -}}
{{- end -}}
{{- $text -}}
{{- end }}

{{/* Takes {root, uid}. */}}
{{- define "podatlas.dashboardName" -}}
{{- printf "%s-dashboard-%s" (include "podatlas.fullname" .root) .uid -}}
{{- end }}
