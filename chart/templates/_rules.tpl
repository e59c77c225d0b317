{{- define "podatlas.rulesName" -}}
{{- include "podatlas.partName" (dict "root" . "component" "rules") -}}
{{- end }}

{{/* The rule files whose feature is on, in the order of evaluation. */}}
{{- define "podatlas.ruleFiles" -}}
{{- $files := list "files/rules/agent.yaml" -}}
{{- if .Values.geoip.enabled }}{{ $files = append $files "files/rules/geo.yaml" }}{{ end -}}
{{- if .Values.peers.enabled }}{{ $files = append $files "files/rules/peers.yaml" }}{{ end -}}
{{- if .Values.agent.names2021.enabled }}{{ $files = append $files "files/rules/names2021.yaml" }}{{ end -}}
{{- join "," $files -}}
{{- end }}

{{/* All groups as one rule file, with the changes of rules.alerts. Not templated: {{ $labels }} is Prometheus' to fill in. */}}
{{- define "podatlas.rules" -}}
{{- $groups := list -}}
{{- range $path := include "podatlas.ruleFiles" . | splitList "," -}}
{{- range $group := ($.Files.Get $path | fromYaml).groups -}}
{{- $rules := list -}}
{{- range $rule := $group.rules -}}
{{- $change := index $.Values.rules.alerts ($rule.alert | default "") | default dict -}}
{{- if $rule.alert -}}
{{- if $change.for }}{{ $_ := set $rule "for" $change.for }}{{ end -}}
{{- $severity := $change.severity | default $rule.labels.severity -}}
{{- $_ := set $rule "labels" (mergeOverwrite (dict) $rule.labels ($change.labels | default dict) (dict "severity" $severity)) -}}
{{- with $.Values.rules.runbookUrl -}}
{{- $_ := set $rule.annotations "runbook_url" (printf "%s/%s.md" (trimSuffix "/" .) $rule.alert) -}}
{{- end -}}
{{- end -}}
{{- if ne (toString $change.enabled) "false" }}{{ $rules = append $rules $rule }}{{ end -}}
{{- end -}}
{{- if eq $group.name "podatlas-peers" }}{{ $rules = concat $rules (include "podatlas.costRules" $ | fromYamlArray) }}{{ end -}}
{{- if $group.query_offset -}}
{{- $_ := set $group "query_offset" (printf "%ds" (include "podatlas.seconds" $.Values.agent.interval | int | add 5)) -}}
{{- end -}}
{{- $groups = append $groups (set $group "rules" $rules) -}}
{{- end -}}
{{- end -}}
{{- toYaml (dict "groups" $groups) -}}
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
