{{/* The agent's configuration file. It holds no secret: it is readable by everyone who may read ConfigMaps. */}}
{{- define "podatlas.agentConfig" -}}
{{- $agent := .Values.agent -}}
{{- $config := dict
  "cluster" .Values.cluster.name
  "interval" $agent.interval
  "maxSeries" ($agent.series.budget | int)
  "priorityNamespaces" (concat (include "podatlas.policyNamespaces" . | fromYamlArray) ($agent.series.priorityNamespaces | default list) | uniq)
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
  "spool" (dict "directory" (include "podatlas.agentSpool" .))
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

{{/* Where sinks keep what waits, as the agent sees it: a folder of the release below agent.spool.hostPath. Not that one itself,
     which is a mount, and so could not be removed with the release. Empty where no sink keeps anything. */}}
{{- define "podatlas.agentSpool" -}}
{{- $spools := list -}}
{{- range $name, $sink := include "podatlas.enabledSinks" . | fromYaml -}}
{{- if not (or (has $sink.type (list "scrape" "stdout")) (eq (toString ($sink.spool | default dict).enabled) "false")) -}}
{{- $spools = append $spools $name -}}
{{- end -}}
{{- end -}}
{{- if and .Values.agent.spool.enabled $spools -}}
{{- printf "/host/spool/%s_%s" (include "podatlas.namespace" .) (include "podatlas.fullname" .) -}}
{{- end -}}
{{- end }}

{{/* Pins and spools are removed when this object is. Empty where there are none. */}}
{{- define "podatlas.agentDaemonSet" -}}
{{- if or .Values.agent.kernel.pinDirectory (include "podatlas.agentSpool" .) -}}
{{- printf "%s/%s" (include "podatlas.namespace" .) (include "podatlas.partName" (dict "root" . "component" "agent")) -}}
{{- end -}}
{{- end }}

{{/* The security context of the agent's container. */}}
{{- define "podatlas.agentSecurityContext" -}}
{{- $agent := .Values.agent -}}
{{- if $agent.privileged -}}
{{- dict "privileged" true "runAsUser" 0 | toYaml -}}
{{- else -}}
{{- $context := deepCopy ($agent.securityContext | default dict) -}}
{{- $capabilities := $context.capabilities -}}
{{- if and $capabilities (eq (include "podatlas.agentUdp" .) "auto") -}}
{{- $_ := set $capabilities "add" (append ($capabilities.add | default list) "NET_ADMIN" | uniq) -}}
{{- end -}}
{{- toYaml $context -}}
{{- end -}}
{{- end }}
