{{/* Who may talk to whom, as rules of NetworkPolicies: derived from what is on. */}}

{{/* The components whose pods are on the network. */}}
{{- define "podatlas.networked" -}}
{{- $components := include "podatlas.workloads" . | fromYaml | keys | sortAlpha -}}
{{- if include "podatlas.hasTest" . }}{{ $components = append $components "test" }}{{ end -}}
{{- toYaml $components -}}
{{- end }}

{{/* Ingress of a part's pods, as a list of rules. Takes {root, component}. */}}
{{- define "podatlas.ingress" -}}
{{- $values := .root.Values -}}
{{- $monitors := $values.monitors -}}
{{- $scraped := include "podatlas.scraped" .root | fromYaml -}}
{{- $isScrapedByOthers := and (hasKey $scraped .component) (or $monitors.serviceMonitor.enabled $monitors.podMonitor.enabled $monitors.annotations.enabled $values.prometheus.url) -}}
{{- $asked := dict "prometheus" (list "agent" "geoip" "grafana" "peers" "test") "geoip" (list "prometheus" "test") "peers" (list "prometheus") -}}
{{- $from := list -}}
{{- range $other := include "podatlas.networked" .root | fromYamlArray -}}
{{- if has $other (index $asked $.component | default list) }}{{ $from = append $from $other }}{{ end -}}
{{- end -}}
{{- $port := include "podatlas.servicePort" . | int -}}
{{- $peers := list -}}
{{- with $from }}{{ $peers = append $peers (include "podatlas.podsOf" (dict "root" $.root "components" .) | fromYaml) }}{{ end -}}
{{- /* Where a Prometheus of others, or what serves an Ingress or a route, runs is not known. */ -}}
{{- $own := index $values .component | default dict -}}
{{- if or $isScrapedByOthers $own.externalUrl ($own.ingress).enabled ($own.httpRoute).enabled -}}
{{- $peers = append $peers (dict "namespaceSelector" dict) -}}
{{- end -}}
{{- $rules := list -}}
{{- $ports := list (dict "protocol" "TCP" "port" $port) -}}
{{- if ne (($own.service).type | default "ClusterIP") "ClusterIP" -}}
{{- $rules = append $rules (dict "ports" $ports) -}}
{{- else if $peers -}}
{{- $rules = append $rules (dict "from" $peers "ports" $ports) -}}
{{- end -}}
{{- concat $rules ($values.networkPolicy.extraIngress | default list) | default list | toYaml -}}
{{- end }}

{{/* Egress of a part's pods, as a list of rules. Takes {root, component}. */}}
{{- define "podatlas.egress" -}}
{{- $root := .root -}}
{{- $values := .root.Values -}}
{{- $dns := list -}}
{{- /* Rules see the port of a pod, which is 5353 for the DNS of OpenShift, and 6443 for most API servers. */ -}}
{{- range $port := list 53 5353 }}{{ range $protocol := list "UDP" "TCP" }}{{ $dns = append $dns (dict "protocol" $protocol "port" $port) }}{{ end }}{{ end -}}
{{- $rules := list (dict "ports" $dns) -}}
{{- if has .component (list "agent" "peers") -}}
{{- $rules = append $rules (dict "ports" (list (dict "protocol" "TCP" "port" 443) (dict "protocol" "TCP" "port" 6443))) -}}
{{- end -}}
{{- $urls := list -}}
{{- if eq .component "agent" -}}
{{- range $name, $sink := include "podatlas.enabledSinks" .root | fromYaml -}}
{{- with include "podatlas.sinkEndpoint" (dict "root" $root "sink" $sink) }}{{ $urls = append $urls . }}{{ end -}}
{{- if and (eq $sink.type "newrelic") (not $sink.endpoint) }}{{ $urls = append $urls "https://newrelic.com" }}{{ end -}}
{{- with $sink.proxyUrl }}{{ $urls = append $urls . }}{{ end -}}
{{- end -}}
{{- range include "podatlas.agentProxies" .root | fromYamlArray }}{{ with .url }}{{ $urls = append $urls . }}{{ end }}{{ end -}}
{{- else if eq .component "prometheus" -}}
{{- range $name := list "geoip" "peers" -}}
{{- if (index $values $name).enabled }}{{ $urls = append $urls (printf "http://%s" (include "podatlas.functionHost" (dict "root" $root "component" $name))) }}{{ end -}}
{{- end -}}
{{- else -}}
{{- $urls = append $urls (include "podatlas.prometheusUrl" .root) -}}
{{- if and (eq .component "test") $values.geoip.enabled -}}
{{- $urls = append $urls (printf "http://%s" (include "podatlas.functionHost" (dict "root" $root "component" "geoip"))) -}}
{{- end -}}
{{- end -}}
{{- range compact $urls | uniq -}}
{{- $rule := include "podatlas.egressTo" (dict "root" $root "url" .) | fromYaml -}}
{{- if not (has $rule $rules) }}{{ $rules = append $rules $rule }}{{ end -}}
{{- end -}}
{{- toYaml (concat $rules ($values.networkPolicy.extraEgress | default list)) -}}
{{- end }}

{{/* The rule that lets pods reach a URL, or HOST:PORT. Rules see addresses and ports of pods, not of Services: of a Service of this
     release the pods are known, of another one in the cluster the namespace, and of everything else the port. Takes {root, url}. */}}
{{- define "podatlas.egressTo" -}}
{{- $host := include "podatlas.hostOf" .url -}}
{{- $name := regexReplaceAll ":[0-9]+$" $host "" -}}
{{- $service := splitList "." $name -}}
{{- $port := regexFind ":[0-9]+$" $host | trimPrefix ":" | default (hasPrefix "https://" .url | ternary "443" "80") | int -}}
{{- $ours := dict -}}
{{- range $component := list "geoip" "peers" "prometheus" -}}
{{- $part := dict "root" $.root "component" $component -}}
{{- $_ := set $ours (printf "%s.%s.svc" (include "podatlas.partName" $part) (include "podatlas.namespace" $.root)) $component -}}
{{- end -}}
{{- if hasKey $ours $name -}}
to:
  - {{- include "podatlas.podsOf" (dict "root" .root "components" (list (index $ours $name))) | nindent 4 }}
ports: [{protocol: TCP, port: {{ $port }}}]
{{- else if regexMatch "^[^.:]+$" $name -}}
to:
  - podSelector: {}
{{- else if regexMatch "^[^.]+[.][^.]+[.]svc([.].+)?$" $name -}}
to:
  - namespaceSelector:
      matchLabels: {kubernetes.io/metadata.name: {{ index $service 1 }}}
{{- else -}}
ports: [{protocol: TCP, port: {{ $port }}}]
{{- end -}}
{{- end }}

{{/* Pods of the release, as a peer of a rule. Takes {root, components}. */}}
{{- define "podatlas.podsOf" -}}
podSelector:
  matchLabels:
    app.kubernetes.io/name: {{ include "podatlas.name" .root }}
    app.kubernetes.io/instance: {{ .root.Release.Name }}
  matchExpressions:
    - {key: app.kubernetes.io/component, operator: In, values: {{ toJson .components }}}
{{- end }}

{{/* The proxies of the agents' environment, as a list of {name, url}; without a url where it stands in a Secret. */}}
{{- define "podatlas.agentProxies" -}}
{{- $proxies := list -}}
{{- range $name := list "HTTP_PROXY" "HTTPS_PROXY" "http_proxy" "https_proxy" -}}
{{- with index ($.Values.agent.env | default dict) $name }}{{ $proxies = append $proxies (dict "name" $name "url" (kindIs "string" . | ternary . "")) }}{{ end -}}
{{- end -}}
{{- toYaml $proxies -}}
{{- end }}

{{- define "podatlas.networkWarnings" -}}
{{- $warnings := list -}}
{{- if .Values.networkPolicy.enabled -}}
{{- range include "podatlas.agentProxies" . | fromYamlArray -}}
{{- if not .url -}}
{{- $warnings = append $warnings (printf "networkPolicy.enabled is on, and the proxy of agent.env.%s stands in a Secret: allow its port in networkPolicy.extraEgress, or nothing gets out." .name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml $warnings -}}
{{- end }}
