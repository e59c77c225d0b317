{{/* The data source of the bundled Grafana. Its uid never changes: links and saved panels hold it. What is in it is read at a start
     of Grafana only; how often there is a sample may change without one, so the dashboards say that. */}}
{{- define "podatlas.grafanaDatasource" -}}
apiVersion: 1
datasources:
  - name: Prometheus
    uid: podatlas-prometheus
    type: prometheus
    access: proxy
    url: {{ include "podatlas.prometheusUrl" . | quote }}
    isDefault: true
    editable: false
    jsonData:
      httpMethod: POST
{{- include "podatlas.datasourceUpstream" . }}
{{- end }}

{{- define "podatlas.grafanaProvider" -}}
apiVersion: 1
providers:
  - name: podatlas
    folder: podatlas
    folderUid: podatlas
    type: file
    disableDeletion: true
    allowUiUpdates: false
    updateIntervalSeconds: 30
    options:
      path: /etc/podatlas/dashboards
{{- end }}

{{/* Nothing in it leaves the cluster: no reports, update checks, plugins and keys of their makers, avatars, news, map tiles, and no
     button that publishes a dashboard with its data. */}}
{{- define "podatlas.grafanaEnv" -}}
GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: "false"
GF_ANALYTICS_CHECK_FOR_UPDATES: "false"
GF_ANALYTICS_REPORTING_ENABLED: "false"
GF_GEOMAP_DEFAULT_BASELAYER_CONFIG: '{"type":"geojson","name":"World","config":{"src":"public/maps/countries.geojson"}}'
GF_LOG_MODE: console
GF_NEWS_NEWS_FEED_ENABLED: "false"
GF_PLUGINS_PREINSTALL_DISABLED: "true"
GF_PLUGINS_PUBLIC_KEY_RETRIEVAL_DISABLED: "true"
GF_SECURITY_DISABLE_GRAVATAR: "true"
GF_SNAPSHOTS_EXTERNAL_ENABLED: "false"
{{- with include "podatlas.outsideUrl" (dict "values" .Values.grafana) }}
GF_SERVER_ROOT_URL: {{ . | quote }}
{{- end }}
{{- with include "podatlas.grafanaSecret" . }}
{{- $keys := $.Values.grafana.credentials.keys }}
GF_SECURITY_ADMIN_USER:
  valueFrom: {secretKeyRef: {name: {{ . }}, key: {{ $keys.username }}}}
GF_SECURITY_ADMIN_PASSWORD:
  valueFrom: {secretKeyRef: {name: {{ . }}, key: {{ $keys.password }}}}
{{- else }}
GF_SECURITY_ADMIN_PASSWORD__FILE: /var/lib/grafana/admin-password
{{- end }}
{{- with include "podatlas.datasourceEnv" . }}
{{ . }}
{{- end }}
{{- end }}

{{/* Secret of the administrator: the user's, the chart's, or none (empty). */}}
{{- define "podatlas.grafanaSecret" -}}
{{- $credentials := .Values.grafana.credentials -}}
{{- if $credentials.existingSecret -}}
{{- $credentials.existingSecret -}}
{{- else if $credentials.values -}}
{{- include "podatlas.partName" (dict "root" . "component" "grafana") -}}
{{- end -}}
{{- end }}
