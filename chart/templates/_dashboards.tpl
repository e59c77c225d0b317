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

{{/* The text of a dashboard, with the currency and the address of the runbooks from values. Takes {root, path}. */}}
{{- define "podatlas.dashboardText" -}}
{{- $text := .root.Files.Get .path | replace "currency:¤" (printf "currency:%s" .root.Values.cost.currency) -}}
{{- with .root.Values.rules.runbookUrl -}}
{{- $text = $text | replace "https://github.com/podatlas/podatlas/blob/main/docs/runbooks/" (printf "%s/" (trimSuffix "/" .)) -}}
{{- end -}}
{{- $text -}}
{{- end }}

{{/* Takes {root, uid}. */}}
{{- define "podatlas.dashboardName" -}}
{{- printf "%s-dashboard-%s" (include "podatlas.fullname" .root) .uid -}}
{{- end }}
