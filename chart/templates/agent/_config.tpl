{{/* The agent's configuration file. It holds no secret: it is readable by everyone who may read ConfigMaps. */}}
{{- define "podatlas.agentConfig" -}}
{{- $agent := .Values.agent -}}
{{- $config := dict
  "cluster" .Values.cluster.name
  "interval" $agent.interval
  "maxSeries" ($agent.series.budget | int)
  "seriesIdle" $agent.series.idle
  "names2021" $agent.names2021.enabled
  "listen" "0.0.0.0:8080"
  "cgroupRoot" "/host/cgroup"
  "kubernetes" (dict "enabled" "on")
  "sinks" (include "podatlas.sinkConfig" . | fromYaml) -}}
{{- toYaml $config -}}
{{- end }}
