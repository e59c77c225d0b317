{{/* Who is scraped at port 8080, as {component: {job, paths}}. Agents that push their own metrics to a Prometheus are not: it
     would hold every series twice. */}}
{{- define "podatlas.scraped" -}}
{{- $targets := dict -}}
{{- with include "podatlas.agentPages" . | fromYamlArray }}{{ $_ := set $targets "agent" (dict "job" "podatlas-agent" "paths" .) }}{{ end -}}
{{- if .Values.geoip.enabled }}{{ $_ := set $targets "geoip" (dict "job" "geo" "paths" (list "/metrics")) }}{{ end -}}
{{- if .Values.peers.enabled }}{{ $_ := set $targets "peers" (dict "job" "peers" "paths" (list "/metrics")) }}{{ end -}}
{{- toYaml $targets -}}
{{- end }}

{{/* Pages of the agents for scrapers: its own metrics, and what sinks of type scrape show. Empty where the agents push. */}}
{{- define "podatlas.agentPages" -}}
{{- $paths := list "/metrics" -}}
{{- $types := list -}}
{{- range $name, $sink := include "podatlas.enabledSinks" . | fromYaml -}}
{{- $types = append $types $sink.type -}}
{{- if eq $sink.type "scrape" }}{{ $paths = append $paths ($sink.path | default "/metrics") }}{{ end -}}
{{- end -}}
{{- if or (has "scrape" $types) (not (has "prometheus" $types)) }}{{ toYaml (uniq $paths) }}{{ else }}[]{{ end -}}
{{- end }}

{{/* How often a component is scraped: geoip as often as it learns of new addresses. Takes {root, component, interval}. */}}
{{- define "podatlas.scrapeInterval" -}}
{{- $geo := include "podatlas.geoInterval" .root -}}
{{- $isFaster := lt (include "podatlas.seconds" $geo | int) (include "podatlas.seconds" .interval | int) -}}
{{- and (eq .component "geoip") $isFaster | ternary $geo .interval -}}
{{- end }}

{{/* The endpoints of a ServiceMonitor or PodMonitor. Takes {root, component, target, monitor}. Labels of the series win over those
     of the target: agents and peers tell their cluster themselves. */}}
{{- define "podatlas.monitorEndpoints" -}}
{{- $relabelings := list (dict "targetLabel" "job" "replacement" .target.job) -}}
{{- with .root.Values.cluster.name -}}
{{- $relabelings = append $relabelings (dict "targetLabel" "cluster" "replacement" .) -}}
{{- end -}}
{{- $relabelings = concat $relabelings (.monitor.relabelings | default list) -}}
{{- $interval := include "podatlas.scrapeInterval" (dict "root" .root "component" .component "interval" .monitor.interval) -}}
{{- $endpoints := list -}}
{{- range .target.paths -}}
{{- $endpoint := dict "port" "http" "path" . "interval" $interval "honorLabels" true "relabelings" $relabelings -}}
{{- with $.monitor.metricRelabelings }}{{ $_ := set $endpoint "metricRelabelings" . }}{{ end -}}
{{- $endpoints = append $endpoints $endpoint -}}
{{- end -}}
{{- toYaml $endpoints -}}
{{- end }}

{{/* Annotations of a part's pods by which many a Prometheus finds what to scrape; those know one page for each pod. */}}
{{- define "podatlas.scrapeAnnotations" -}}
{{- if and .root.Values.monitors.annotations.enabled (hasKey (include "podatlas.scraped" .root | fromYaml) .component) -}}
prometheus.io/scrape: "true"
prometheus.io/port: "8080"
prometheus.io/path: {{ (index (include "podatlas.scraped" .root | fromYaml) .component).paths | last }}
{{- end -}}
{{- end }}

{{- define "podatlas.monitorFaults" -}}
{{- $faults := list -}}
{{- $on := list -}}
{{- range list "serviceMonitor" "podMonitor" "annotations" -}}
{{- if (index $.Values.monitors .).enabled }}{{ $on = append $on . }}{{ end -}}
{{- end -}}
{{- if gt (len $on) 1 -}}
{{- $all := printf "%s and %s" (initial $on | join ", ") (last $on) -}}
{{- $both := eq (len $on) 2 | ternary "both" "all" -}}
{{- $faults = append $faults (printf "monitors: %s are %s enabled; every series would be stored %s. Disable %s:\n  monitors: {%s: {enabled: false}}" $all $both (eq (len $on) 2 | ternary "twice" "three times") (eq (len $on) 2 | ternary "one" "two") (rest $on | join ": {enabled: false}, ")) -}}
{{- end -}}
{{- range $name, $kind := dict "serviceMonitor" "ServiceMonitor" "podMonitor" "PodMonitor" -}}
{{- if and (has $name $on) (include "podatlas.isUnknownKind" (dict "root" $ "kind" (printf "monitoring.coreos.com/v1/%s" $kind))) -}}
{{- $faults = append $faults (printf "monitors.%s: this cluster has no %s (monitoring.coreos.com/v1). Install the Prometheus Operator's CRDs, or use annotations instead:\n  monitors: {%s: {enabled: false}, annotations: {enabled: true}}\nIf the CRDs come in the same run, set monitors.checkCRDs=false." $name $kind $name) -}}
{{- end -}}
{{- end -}}
{{- toYaml $faults -}}
{{- end }}

{{- define "podatlas.monitorWarnings" -}}
{{- $warnings := list -}}
{{- $scraped := include "podatlas.scraped" . | fromYaml -}}
{{- range $name := list "serviceMonitor" "podMonitor" -}}
{{- $monitor := index $.Values.monitors $name -}}
{{- if and $monitor.enabled (not $monitor.labels) -}}
{{- $warnings = append $warnings (printf "monitors.%s has no labels: most operators take monitors with certain labels only. Which ones: kubectl get prometheus -A -o jsonpath='{.items[*].spec.%sSelector}'" $name $name) -}}
{{- end -}}
{{- if and $monitor.enabled (not $scraped) -}}
{{- $warnings = append $warnings (printf "monitors.%s finds nothing to scrape: the agents push, and geoip and peers are off. To have the agents scraped: --set sinks.default.type=scrape" $name) -}}
{{- end -}}
{{- end -}}
{{- toYaml $warnings -}}
{{- end }}
