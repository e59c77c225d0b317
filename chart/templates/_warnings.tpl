{{/* What is allowed and may still surprise, as a YAML list of texts. */}}
{{- define "podatlas.warnings" -}}
{{- $warnings := list -}}
{{- $sinks := include "podatlas.enabledSinks" . | fromYaml -}}
{{- range $component := list "prometheus" "grafana" -}}
{{- $values := index $.Values $component -}}
{{- if and $values.enabled (not $values.persistence.enabled) -}}
{{- $warnings = append $warnings (printf "%s keeps its data only as long as its pod lives. To keep it longer: --set %s.persistence.enabled=true" $component $component) -}}
{{- end -}}
{{- end -}}
{{- if not .Values.agent.hostPID -}}
{{- $warnings = append $warnings "agent.hostPID is off: connections that are older than their agent are not counted. To count them from its start on: --set agent.hostPID=true" -}}
{{- end -}}
{{- if and .Values.agent.processes.enabled (not .Values.agent.hostPID) -}}
{{- $warnings = append $warnings "agent.processes.enabled is on and agent.hostPID is off: which process has accepted a connection cannot be told, so its bytes count for the one that listens. To tell: --set agent.hostPID=true" -}}
{{- end -}}
{{- if has "destination_ip" .Values.agent.labels.drop -}}
{{- $warnings = append $warnings "agent.labels.drop has destination_ip: the world map and everything about the other end of connections stay empty." -}}
{{- end -}}
{{- if not .Values.agent.kernel.pinDirectory -}}
{{- $warnings = append $warnings "agent.kernel.pinDirectory is empty: what is sent while an agent restarts is not counted. To keep the counters on the node meanwhile: --set agent.kernel.pinDirectory=/sys/fs/bpf/podatlas" -}}
{{- end -}}
{{- if and (include "podatlas.agentDaemonSet" .) (not .Values.rbac.create) -}}
{{- $warnings = append $warnings (printf "rbac.create is off: allow the agent's account to get DaemonSet %s, or helm uninstall leaves programs, counters and spools on the nodes." (include "podatlas.agentDaemonSet" .)) -}}
{{- end -}}
{{- if and .Values.peers.enabled (not .Values.rbac.create) -}}
{{- $warnings = append $warnings (printf "rbac.create is off: allow the account %s to list and watch pods, services, nodes and endpointslices.discovery.k8s.io in all namespaces, or peers never gets ready." (include "podatlas.serviceAccountName" (dict "root" . "component" "peers" "values" .Values.peers))) -}}
{{- end -}}
{{- range $name, $sink := $sinks -}}
{{- if ($sink.credentials).values -}}
{{- $warnings = append $warnings (printf "sinks.%s.credentials.values puts a secret into the values of this release. Name a Secret in sinks.%s.credentials.existingSecret instead." $name $name) -}}
{{- end -}}
{{- if ($sink.secretHeaders).values -}}
{{- $warnings = append $warnings (printf "sinks.%s.secretHeaders.values puts a secret into the values of this release. Name a Secret in sinks.%s.secretHeaders.existingSecret instead." $name $name) -}}
{{- end -}}
{{- range $header, $_ := $sink.headers -}}
{{- if regexMatch "(?i)auth|cookie|key|pass|secret|token" $header -}}
{{- $warnings = append $warnings (printf "sinks.%s.headers.%s stands in a ConfigMap, which more people may read than Secrets. Put it into a Secret and name that in sinks.%s.secretHeaders." $name $header $name) -}}
{{- end -}}
{{- end -}}
{{- if ($sink.tls).insecureSkipVerify -}}
{{- $warnings = append $warnings (printf "sinks.%s.tls.insecureSkipVerify is on: whoever stands in the way can read and answer what the agents send. Name the CA in sinks.%s.tls.caSecret instead." $name $name) -}}
{{- end -}}
{{- $endpoint := include "podatlas.sinkEndpoint" (dict "root" $ "sink" $sink) -}}
{{- $env := $.Values.agent.env | default dict -}}
{{- if and (contains ".svc" $endpoint) (hasPrefix "http://" $endpoint) (or $env.HTTP_PROXY $env.http_proxy) (not (or $env.NO_PROXY $env.no_proxy)) -}}
{{- $warnings = append $warnings (printf "agent.env names a proxy and no exceptions, so sinks.%s goes through it although it is in the cluster. If the proxy does not lead back: --set agent.env.NO_PROXY=.svc" $name) -}}
{{- end -}}
{{- with include "podatlas.openHost" (dict "sink" $sink "endpoint" $endpoint) -}}
{{- $warnings = append $warnings (printf "sinks.%s writes to %s without credentials. If it asks for some: --set sinks.%s.credentials.existingSecret=SECRET" $name . $name) -}}
{{- end -}}
{{- $isOutside := and $endpoint (not (include "podatlas.isInCluster" (include "podatlas.hostOf" $endpoint))) -}}
{{- if and (or $isOutside (eq $sink.type "newrelic")) (not $.Values.cluster.name) -}}
{{- $warnings = append $warnings (printf "sinks.%s may receive from several clusters, and cluster.name is empty: their series would be one. Set cluster.name." $name) -}}
{{- end -}}
{{- end -}}
{{- $upstream := .Values.prometheus.upstream -}}
{{- if $upstream.credentials.values -}}
{{- $warnings = append $warnings "prometheus.upstream.credentials.values puts a secret into the values of this release. Name a Secret in prometheus.upstream.credentials.existingSecret instead." -}}
{{- end -}}
{{- range $header, $_ := $upstream.headers -}}
{{- if regexMatch "(?i)auth|cookie|key|pass|secret|token" $header -}}
{{- $warnings = append $warnings (printf "prometheus.upstream.headers.%s stands among the arguments of pods, which more people may read than Secrets. Put it into a Secret and name that in prometheus.upstream.secretHeaders." $header) -}}
{{- end -}}
{{- end -}}
{{- if $upstream.tls.insecureSkipVerify -}}
{{- $warnings = append $warnings "prometheus.upstream.tls.insecureSkipVerify is on: whoever stands in the way can read and answer what geoip and peers ask. Name the CA in prometheus.upstream.tls.caSecret instead." -}}
{{- end -}}
{{- if and .Values.grafana.enabled .Values.grafana.credentials.values -}}
{{- $warnings = append $warnings "grafana.credentials.values puts a password into the values of this release. Name a Secret in grafana.credentials.existingSecret instead." -}}
{{- end -}}
{{- if and (include "podatlas.prometheusUrl" .) (not .Values.grafana.enabled) (not .Values.dashboards.configMaps.enabled) (not .Values.dashboards.operator.enabled) -}}
{{- $warnings = append $warnings "no Grafana gets the dashboards. For one with a sidecar: --set dashboards.configMaps.enabled=true; for the grafana-operator: dashboards.operator" -}}
{{- end -}}
{{- if and .Values.prometheus.url (not (or .Values.rules.configMap.enabled .Values.rules.prometheusRule.enabled)) -}}
{{- $warnings = append $warnings (printf "the Prometheus at %s does not know the rules, so maps by country and alerts are missing. For a ConfigMap with the rule file: --set rules.configMap.enabled=true" .Values.prometheus.url) -}}
{{- end -}}
{{- if and .Values.rules.prometheusRule.enabled (not .Values.rules.prometheusRule.labels) -}}
{{- $warnings = append $warnings "rules.prometheusRule has no labels: most operators take rules with certain labels only. Which ones: kubectl get prometheus -A -o jsonpath='{.items[*].spec.ruleSelector}'" -}}
{{- end -}}
{{- $warnings = concat $warnings (include "podatlas.monitorWarnings" . | fromYamlArray) (include "podatlas.networkWarnings" . | fromYamlArray) (include "podatlas.exposureWarnings" . | fromYamlArray) (include "podatlas.geofenceWarnings" . | fromYamlArray) -}}
{{- $monitors := .Values.monitors -}}
{{- if not (or .Values.prometheus.enabled $monitors.serviceMonitor.enabled $monitors.podMonitor.enabled $monitors.annotations.enabled) -}}
{{- if .Values.geoip.enabled -}}
{{- $warnings = append $warnings (printf "the Prometheus at %s must scrape geoip: %s, or set monitors" .Values.prometheus.url (include "podatlas.functionHost" (dict "root" . "component" "geoip"))) -}}
{{- end -}}
{{- if .Values.peers.enabled -}}
{{- $warnings = append $warnings (printf "the Prometheus at %s must scrape peers with honor_labels: true: %s, or set monitors" .Values.prometheus.url (include "podatlas.functionHost" (dict "root" . "component" "peers"))) -}}
{{- end -}}
{{- end -}}
{{- toYaml $warnings -}}
{{- end }}
