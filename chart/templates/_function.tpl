{{/* What geoip and peers have in common: one program that serves HTTP. Takes a part: {root, component, values} with `args`
     (a list), `env`, `volumes`, `mounts`, and `token` for who asks the API server. */}}

{{- define "podatlas.function" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "podatlas.metadata" . | nindent 2 }}
spec:
  replicas: 1
  {{- include "podatlas.revisionHistory" . | nindent 2 }}
  selector:
    matchLabels:
      {{- include "podatlas.selectorLabels" . | nindent 6 }}
  template:
    metadata:
      {{- include "podatlas.podMetadata" . | nindent 6 }}
    spec:
      {{- include "podatlas.podKeys" . | nindent 6 }}
      containers:
        - name: {{ .component }}
          image: {{ include "podatlas.image" . }}
          imagePullPolicy: {{ .values.image.pullPolicy }}
          args:
            {{- toYaml .args | nindent 12 }}
          {{- include "podatlas.env" . | nindent 10 }}
          ports:
            - name: http
              containerPort: 8080
              protocol: TCP
          # Opening geoip's databases of 134 MB, or listing all pods of a large cluster, takes seconds.
          startupProbe:
            httpGet: {path: /healthz, port: http}
            periodSeconds: 2
            failureThreshold: 60
          livenessProbe:
            httpGet: {path: /healthz, port: http}
            periodSeconds: 20
            timeoutSeconds: 5
            failureThreshold: 3
          readinessProbe:
            httpGet: {path: /readyz, port: http}
            periodSeconds: 5
            timeoutSeconds: 5
          terminationMessagePolicy: FallbackToLogsOnError
          securityContext:
            {{- toYaml .values.securityContext | nindent 12 }}
          resources:
            {{- toYaml .values.resources | nindent 12 }}
          {{- include "podatlas.volumeMounts" . | nindent 10 }}
      {{- include "podatlas.volumes" . | nindent 6 }}
{{- end }}

{{/* Host and port of geoip or peers, for scrapers in any namespace. */}}
{{- define "podatlas.functionHost" -}}
{{- include "podatlas.partName" . }}.{{ include "podatlas.namespace" .root }}.svc:8080
{{- end }}

{{/* The addresses that peers classifies: where clusters are told apart, those of its own. Empty: what peers does by itself. */}}
{{- define "podatlas.peersQuery" -}}
{{- with .Values.cluster.name -}}
count by (destination_ip) (podatlas_transmit_bytes_total{cluster={{ . | quote }}})
{{- end -}}
{{- end }}
