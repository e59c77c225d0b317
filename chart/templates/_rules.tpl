{{- define "podatlas.rulesName" -}}
{{- include "podatlas.partName" (dict "root" . "component" "rules") -}}
{{- end }}

{{/* The rule files whose feature is on, in the order of evaluation. */}}
{{- define "podatlas.ruleFiles" -}}
{{- $names := list "agent" "traffic" -}}
{{- if .Values.geoip.enabled }}{{ $names = append $names "geo" }}{{ end -}}
{{- if .Values.geofence.policies }}{{ $names = append $names "geofence" }}{{ end -}}
{{- if .Values.geoip.enabled }}{{ $names = append $names "new-country" }}{{ end -}}
{{- if .Values.peers.enabled }}{{ $names = append $names "peers" }}{{ end -}}
{{- if .Values.agent.names2021.enabled }}{{ $names = append $names "names2021" }}{{ end -}}
{{- $files := list -}}
{{- range $names }}{{ $files = append $files (printf "files/rules/%s.yaml" .) }}{{ end -}}
{{- join "," $files -}}
{{- end }}

{{/* All groups as one rule file. Not templated: {{ $labels }} is Prometheus' to fill in. */}}
{{- define "podatlas.rules" -}}
{{- $groups := list -}}
{{- range $path := include "podatlas.ruleFiles" . | splitList "," -}}
{{- $file := $.Files.Get $path -}}
{{- if not $file }}{{ fail (printf "podatlas: the chart lacks %s." $path) }}{{ end -}}
{{- range $group := ($file | fromYaml).groups -}}
{{- $rules := list -}}
{{- range $rule := $group.rules -}}
{{- $rules = concat $rules (include "podatlas.rulesOf" (dict "root" $ "rule" $rule) | fromYamlArray) -}}
{{- end -}}
{{- if eq $group.name "podatlas-peers" }}{{ $rules = concat $rules (include "podatlas.costRules" $ | fromYamlArray) }}{{ end -}}
{{- if $group.query_offset -}}
{{- $_ := set $group "query_offset" (printf "%ds" (include "podatlas.seconds" $.Values.agent.interval | int | add 5)) -}}
{{- end -}}
{{- if and $group.interval (lt (include "podatlas.seconds" $.Values.prometheus.scrapeInterval | int) (include "podatlas.seconds" $group.interval | int)) -}}
{{- $_ := unset $group "interval" -}}
{{- end -}}
{{- $before := last $groups | default dict -}}
{{- if eq $group.name ($before.name | default "") -}}
{{- $_ := mergeOverwrite $before $group (dict "rules" (concat $before.rules $rules)) -}}
{{- else -}}
{{- $groups = append $groups (set $group "rules" $rules) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml (dict "groups" $groups) -}}
{{- end }}

{{/* What a rule of a file becomes, as a YAML list: one for each policy, or itself with the changes of rules.alerts, or nothing. */}}
{{- define "podatlas.rulesOf" -}}
{{- $rule := .rule -}}
{{- $values := .root.Values -}}
{{- if eq (dig "labels" "policy" "" $rule) "$policy" -}}
{{- include "podatlas.policyRules" . -}}
{{- else -}}
{{- $change := index ($values.rules.alerts | default dict) ($rule.alert | default "") | default dict -}}
{{- if $rule.alert -}}
{{- if $change.for }}{{ $_ := set $rule "for" $change.for }}{{ end -}}
{{- $labels := mergeOverwrite (dict) ($rule.labels | default dict) ($change.labels | default dict) -}}
{{- /* What has no place is not judged: that matters more where there are policies. */ -}}
{{- if and $values.geofence.policies (has $rule.alert (list "PodatlasSeriesFolded" "PodatlasGeoAddressesDropped")) }}{{ $_ := set $labels "severity" "warning" }}{{ end -}}
{{- with $change.severity }}{{ $_ := set $labels "severity" . }}{{ end -}}
{{- $_ := set $rule "labels" $labels -}}
{{- with $values.rules.runbookUrl -}}
{{- $_ := set $rule.annotations "runbook_url" (printf "%s/%s.md" (trimSuffix "/" .) $rule.alert) -}}
{{- end -}}
{{- end -}}
{{- if ne (toString $change.enabled) "false" }}{{ toYaml (list $rule) }}{{ else }}[]{{ end -}}
{{- end -}}
{{- end }}

{{/* One rule per price. Without `locality` as its label, promtool takes them for duplicates. */}}
{{- define "podatlas.costRules" -}}
{{- $rules := list -}}
{{- range $locality, $price := .Values.cost.pricePerGB -}}
{{- $bytes := printf "namespace_locality:podatlas_transmit_bytes:rate5m{locality=%q}" $locality -}}
{{- $rules = append $rules (dict
  "record" "namespace_locality:podatlas_cost_per_hour:rate5m"
  "expr" (printf "%s * 3600 / 1e9 * %v" $bytes $price)
  "labels" (dict "locality" $locality)) -}}
{{- end -}}
{{- toYaml $rules -}}
{{- end }}

{{/* The localities that files/rules/peers.yaml tells apart. */}}
{{- define "podatlas.localities" -}}
cross_zone, internet, same_zone, unknown
{{- end }}

{{/* Names of all alerts, of features that are off too. */}}
{{- define "podatlas.alertNames" -}}
{{- $names := list -}}
{{- range $path, $_ := .Files.Glob "files/rules/*.yaml" -}}
{{- range $group := ($.Files.Get $path | fromYaml).groups -}}
{{- range $rule := $group.rules -}}
{{- if $rule.alert }}{{ $names = append $names $rule.alert }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $names | sortAlpha | join ", " -}}
{{- end }}
