{{/* Faults that the schema can't see, each as text: what is wrong, then the YAML to paste. A template of faults prints a
     YAML list of such texts, or nothing. */}}

{{- define "podatlas.faults" -}}
{{- $faults := list -}}
{{- range $check := list "podatlas.movedFaults" "podatlas.agentFaults" "podatlas.podFaults" "podatlas.leakFaults" "podatlas.sinkFaults" "podatlas.prometheusFaults" "podatlas.geoipFaults" "podatlas.geofenceFaults" "podatlas.costFaults" "podatlas.rulesFaults" "podatlas.monitorFaults" "podatlas.nameFaults" "podatlas.grafanaFaults" "podatlas.dashboardFaults" "podatlas.exposureFaults" -}}
{{- $faults = concat $faults (include $check $ | fromYamlArray) -}}
{{- end -}}
{{- toYaml $faults -}}
{{- end }}

{{- define "podatlas.agentFaults" -}}
{{- $faults := list -}}
{{- $surge := dig "rollingUpdate" "maxSurge" "" (.Values.agent.updateStrategy | default dict) -}}
{{- if and $surge (not (has (toString $surge) (list "0" "0%"))) -}}
{{- $faults = append $faults (printf "agent.updateStrategy.rollingUpdate.maxSurge is %v: a second agent on a node refuses to start, so the update would not end. Use:\n  agent: {updateStrategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 1, maxSurge: 0}}}" $surge) -}}
{{- end -}}
{{- toYaml $faults -}}
{{- end }}

{{/* What Kubernetes would take and nobody would want, in any component. */}}
{{- define "podatlas.podFaults" -}}
{{- $faults := list -}}
{{- range $name, $values := set (include "podatlas.workloads" . | fromYaml) "helmTest" .Values.helmTest -}}
{{- if and (eq (toString $values.image.tag) "latest") (not $values.image.digest) -}}
{{- $faults = append $faults (printf "%s.image.tag is latest: nodes that pull it on different days run different versions, and no rollback goes back. Name one:\n  %s: {image: {tag: VERSION}}" $name $name) -}}
{{- end -}}
{{- end -}}
{{- range $name, $values := include "podatlas.workloads" . | fromYaml -}}
{{- if hasKey ($values.containers | default dict) $name -}}
{{- $faults = append $faults (printf "%s.containers.%s: this is what the chart's own container is called. Use another name:\n  %s: {containers: {sidecar: {image: …}}}" $name $name $name) -}}
{{- end -}}
{{- if and ($values.persistence).existingClaim (not $values.persistence.enabled) -}}
{{- $faults = append $faults (printf "%s.persistence.existingClaim is set, and persistence.enabled is off. To keep the data there:\n  %s: {persistence: {enabled: true}}" $name $name) -}}
{{- end -}}
{{- $strategy := ($values.updateStrategy | default dict).type | default "RollingUpdate" -}}
{{- if and (dig "persistence" "enabled" false $values) (ne $strategy "Recreate") -}}
{{- $faults = append $faults (printf "%s.updateStrategy.type is %s: with persistence.enabled the next pod waits for the volume of the one before it, so the update would not end. Use:\n  %s: {updateStrategy: {type: Recreate}}" $name $strategy $name) -}}
{{- end -}}
{{- end -}}
{{- toYaml $faults -}}
{{- end }}

{{/* Secrets that stand in the open in free texts, where only Secrets should hold them. */}}
{{- define "podatlas.leakFaults" -}}
{{- $faults := list -}}
{{- range $name, $values := set (include "podatlas.workloads" . | fromYaml) "helmTest" .Values.helmTest -}}
{{- range $variable, $value := $values.env -}}
{{- $isSecret := regexMatch "(?i)(password|passwd|secret|token|api_?key|license_?key)$" $variable -}}
{{- if and (kindIs "string" $value) $value (or $isSecret (regexMatch "^[a-z]+://[^/@]+:[^/@]+@" $value)) -}}
{{- $faults = append $faults (printf "%s.env.%s holds a secret, which everybody who may read pods would see. Take it from a Secret:\n  %s:\n    env:\n      %s: {valueFrom: {secretKeyRef: {name: SECRET, key: KEY}}}" $name $variable $name $variable) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml $faults -}}
{{- end }}

{{/* Who reads or writes a Prometheus while there is none. */}}
{{- define "podatlas.prometheusFaults" -}}
{{- $needs := list -}}
{{- if not (include "podatlas.prometheusUrl" .) -}}
{{- if .Values.geoip.enabled }}{{ $needs = append $needs "geoip.enabled" }}{{ end -}}
{{- if .Values.peers.enabled }}{{ $needs = append $needs "peers.enabled" }}{{ end -}}
{{- if .Values.grafana.enabled }}{{ $needs = append $needs "grafana.enabled" }}{{ end -}}
{{- if .Values.rules.enabled }}{{ $needs = append $needs "rules.enabled" }}{{ end -}}
{{- range $name, $sink := include "podatlas.enabledSinks" . | fromYaml -}}
{{- if and (eq $sink.type "prometheus") (not $sink.endpoint) }}{{ $needs = append $needs (printf "sinks.%s" $name) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- $faults := list -}}
{{- if $needs -}}
{{- $all := last $needs -}}
{{- if gt (len $needs) 1 }}{{ $all = printf "%s and %s" (initial $needs | join ", ") $all }}{{ end -}}
{{- $verb := gt (len $needs) 1 | ternary "need" "needs" -}}
{{- $faults = append $faults (printf "%s %s a Prometheus, but prometheus.enabled is false and prometheus.url is empty. Set it:\n  prometheus: {url: http://prometheus.monitoring.svc:9090}" $all $verb) -}}
{{- end -}}
{{- if and .Values.prometheus.enabled .Values.prometheus.url -}}
{{- $faults = append $faults (printf "prometheus: both enabled and url (%q) are set. To use yours:\n  prometheus: {enabled: false}" .Values.prometheus.url) -}}
{{- end -}}
{{- if contains "@" (regexFind "^[a-z]+://[^/]*" (.Values.prometheus.url | default "")) -}}
{{- $faults = append $faults "prometheus.url holds a user or a password, which everybody who may read pods and ConfigMaps would see. Take them out of it, put them in a Secret, and name that:\n  prometheus:\n    upstream:\n      credentials: {existingSecret: SECRET}" -}}
{{- end -}}
{{- $upstream := .Values.prometheus.upstream -}}
{{- $tls := $upstream.tls -}}
{{- $wantsTls := or $tls.caSecret $tls.certSecret $tls.serverName $tls.insecureSkipVerify -}}
{{- $url := include "podatlas.prometheusUrl" . -}}
{{- if and $url $wantsTls (not (hasPrefix "https://" $url)) -}}
{{- $faults = append $faults (printf "prometheus.upstream.tls: Prometheus at %s is asked without TLS. Use a URL that begins with https://:\n  prometheus: {enabled: false, url: https://prometheus.monitoring.svc:9090}" $url) -}}
{{- end -}}
{{- $faults = concat $faults (include "podatlas.headerFaults" (dict "at" "prometheus.upstream" "yaml" "\n  prometheus:\n    upstream:" "settings" $upstream) | fromYamlArray) -}}
{{- $given := $upstream.credentials.values -}}
{{- if and $given (not $given.token) (not (and $given.username $given.password)) -}}
{{- $faults = append $faults "prometheus.upstream.credentials.values: a user needs username and password. For example:\n  prometheus:\n    upstream:\n      credentials: {values: {username: u, password: p}}" -}}
{{- end -}}
{{- toYaml $faults -}}
{{- end }}

{{- define "podatlas.geoipFaults" -}}
{{- $faults := list -}}
{{- if hasKey (.Values.geoip.queries | default dict) "default" -}}
{{- $faults = append $faults "geoip.queries.default: this is what geoip.query is called. Set that, or use another name:\n  geoip: {queries: {inbound: {query: …}}}" -}}
{{- end -}}
{{- $database := .Values.geoip.database -}}
{{- if .Values.geoip.enabled -}}
{{- if and $database.files (not $database.volume) -}}
{{- $faults = append $faults "geoip.database: files are named, but no volume holds them. For example:\n  geoip:\n    database:\n      volume: {secret: {secretName: geolite2}}" -}}
{{- else if and $database.volume (not $database.files) -}}
{{- $faults = append $faults "geoip.database: a volume is given, but no file in it is named. For example:\n  geoip:\n    database:\n      files: [GeoLite2-City.mmdb]" -}}
{{- else if not (or $database.bundled $database.files) -}}
{{- $faults = append $faults "geoip.database: there is no database: bundled is false and no file is named. Use the bundled one:\n  geoip: {database: {bundled: true}}" -}}
{{- end -}}
{{- end -}}
{{- toYaml $faults -}}
{{- end }}

{{/* Prices are paid by locality, and that comes from the zones that peers knows. */}}
{{- define "podatlas.costFaults" -}}
{{- $faults := list -}}
{{- $prices := .Values.cost.pricePerGB -}}
{{- if and $prices (not .Values.peers.enabled) -}}
{{- $faults = append $faults "cost.pricePerGB needs peers.enabled to know zones. Enable it:\n  peers: {enabled: true}" -}}
{{- end -}}
{{- $localities := include "podatlas.localities" . -}}
{{- range $name, $_ := $prices -}}
{{- if not (has $name (splitList ", " $localities)) -}}
{{- $faults = append $faults (printf "cost.pricePerGB.%s: there is no such locality. Localities: %s" $name $localities) -}}
{{- end -}}
{{- end -}}
{{- toYaml $faults -}}
{{- end }}

{{/* "true" where the cluster does not know a kind. It is asked only where there is one to ask: every API server has this other
     group, and no `helm template`. Takes {root, kind}, the kind as group/version/kind. */}}
{{- define "podatlas.isUnknownKind" -}}
{{- $apis := .root.Capabilities.APIVersions -}}
{{- if and .root.Values.monitors.checkCRDs ($apis.Has "apiregistration.k8s.io/v1") (not ($apis.Has .kind)) -}}true{{- end -}}
{{- end }}

{{- define "podatlas.rulesFaults" -}}
{{- $faults := list -}}
{{- if and .Values.rules.prometheusRule.enabled (include "podatlas.isUnknownKind" (dict "root" . "kind" "monitoring.coreos.com/v1/PrometheusRule")) -}}
{{- $faults = append $faults "rules.prometheusRule: this cluster has no PrometheusRule (monitoring.coreos.com/v1). Install the Prometheus Operator's CRDs, or use a ConfigMap instead:\n  rules: {prometheusRule: {enabled: false}, configMap: {enabled: true}}\nIf the CRDs come in the same run, set monitors.checkCRDs=false." -}}
{{- end -}}
{{- toYaml $faults -}}
{{- end }}

{{/* Misspelt names in maps whose keys the schema can't know. */}}
{{- define "podatlas.nameFaults" -}}
{{- $faults := list -}}
{{- $alerts := include "podatlas.alertNames" . -}}
{{- range $name, $_ := .Values.rules.alerts -}}
{{- if not (has $name (splitList ", " $alerts)) -}}
{{- $faults = append $faults (printf "rules.alerts.%s: there is no such alert. Alerts: %s" $name $alerts) -}}
{{- end -}}
{{- end -}}
{{- $uids := include "podatlas.dashboardUids" . -}}
{{- range $name, $_ := .Values.dashboards.disabled -}}
{{- if not (has $name (splitList ", " $uids)) -}}
{{- $faults = append $faults (printf "dashboards.disabled.%s: there is no such dashboard. Dashboards: %s" $name $uids) -}}
{{- end -}}
{{- end -}}
{{- toYaml $faults -}}
{{- end }}

{{- define "podatlas.grafanaFaults" -}}
{{- $faults := list -}}
{{- $credentials := .Values.grafana.credentials -}}
{{- if and .Values.grafana.enabled $credentials.values -}}
{{- if $credentials.existingSecret -}}
{{- $faults = append $faults (printf "grafana.credentials: both existingSecret (%q) and values are set. Keep one. existingSecret keeps the password out of your values file." $credentials.existingSecret) -}}
{{- else if not $credentials.values.password -}}
{{- $faults = append $faults "grafana.credentials: values holds no password. Put it in a Secret and name it:\n  grafana:\n    credentials:\n      existingSecret: grafana-admin\n      keys: {username: admin-user, password: admin-password}" -}}
{{- end -}}
{{- end -}}
{{- toYaml $faults -}}
{{- end }}

{{- define "podatlas.dashboardFaults" -}}
{{- $faults := list -}}
{{- $operator := .Values.dashboards.operator -}}
{{- if and $operator.enabled (not $operator.instanceSelector) -}}
{{- $faults = append $faults "dashboards.operator.instanceSelector is empty; no Grafana would take the dashboards. Set the labels of your Grafana object:\n  dashboards:\n    operator:\n      instanceSelector: {matchLabels: {dashboards: grafana}}" -}}
{{- end -}}
{{- if and $operator.enabled (include "podatlas.isUnknownKind" (dict "root" . "kind" "grafana.integreatly.org/v1beta1/GrafanaDashboard")) -}}
{{- $faults = append $faults "dashboards.operator: this cluster has no GrafanaDashboard (grafana.integreatly.org/v1beta1). Install the grafana-operator's CRDs, or use ConfigMaps for a sidecar instead:\n  dashboards: {operator: {enabled: false}, configMaps: {enabled: true}}\nIf the CRDs come in the same run, set monitors.checkCRDs=false." -}}
{{- end -}}
{{- toYaml $faults -}}
{{- end }}
