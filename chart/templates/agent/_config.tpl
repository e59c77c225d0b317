{{/* The agent's configuration file. It holds no secret: it is readable by everyone who may read ConfigMaps. */}}
{{- define "podatlas.agentConfig" -}}
{{- $agent := .Values.agent -}}
{{- $config := dict
  "cluster" .Values.cluster.name
  "interval" $agent.interval
  "maxSeries" ($agent.series.budget | int)
  "priorityNamespaces" (concat (include "podatlas.policyNamespaces" . | fromYamlArray) $agent.series.priorityNamespaces | uniq)
  "seriesIdle" $agent.series.idle
  "labels" $agent.labels
  "processes" $agent.processes.enabled
  "names2021" $agent.names2021.enabled
  "listen" "0.0.0.0:8080"
  "cgroupRoot" "/host/cgroup"
  "udp" (include "podatlas.agentUdp" .)
  "kernel" (dict
    "maxFlows" ($agent.kernel.maxFlows | int)
    "maxSockets" ($agent.kernel.maxSockets | int)
    "pinDirectory" (include "podatlas.agentPins" .))
  "kubernetes" (dict "enabled" "on" "daemonSet" (include "podatlas.agentDaemonSet" .))
  "sinks" (include "podatlas.sinkConfig" . | fromYaml) -}}
{{- toYaml $config -}}
{{- end }}

{{/* auto or off: YAML reads a bare off as false. */}}
{{- define "podatlas.agentUdp" -}}
{{- .Values.agent.udp | default "off" -}}
{{- end }}

{{/* agent.kernel.pinDirectory as the agent sees it: below /host, because the AppArmor profiles of Docker and containerd
     deny every write below /sys/fs/bpf. */}}
{{- define "podatlas.agentPins" -}}
{{- with .Values.agent.kernel.pinDirectory }}{{ printf "/host/bpf/%s" (base .) }}{{ end -}}
{{- end }}

{{/* Pins are removed when this object is. Empty where none are made, or where the agent may not look. */}}
{{- define "podatlas.agentDaemonSet" -}}
{{- if .Values.agent.kernel.pinDirectory -}}
{{- printf "%s/%s" (include "podatlas.namespace" .) (include "podatlas.partName" (dict "root" . "component" "agent")) -}}
{{- end -}}
{{- end }}

{{/* The security context of the agent's container. */}}
{{- define "podatlas.agentSecurityContext" -}}
{{- $agent := .Values.agent -}}
{{- if $agent.privileged -}}
{{- dict "privileged" true "runAsUser" 0 | toYaml -}}
{{- else -}}
{{- $context := deepCopy $agent.securityContext -}}
{{- $capabilities := $context.capabilities -}}
{{- if and $capabilities (eq (include "podatlas.agentUdp" .) "auto") -}}
{{- $_ := set $capabilities "add" (append ($capabilities.add | default list) "NET_ADMIN" | uniq) -}}
{{- end -}}
{{- toYaml $context -}}
{{- end -}}
{{- end }}
