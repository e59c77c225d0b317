{{/* What stands in a DaemonSet's or Deployment's spec beside its pods. A RollingUpdate's numbers are refused beside another type. */}}
{{- define "podatlas.rollout" -}}
{{- $strategy := .values.updateStrategy | default dict -}}
{{- if ne ($strategy.type | default "RollingUpdate") "RollingUpdate" }}{{ $strategy = omit $strategy "rollingUpdate" }}{{ end -}}
{{- with $strategy }}
{{- dict ($.strategyKey | default "strategy") . | toYaml }}
{{- end }}
{{- if not (kindIs "invalid" .values.revisionHistoryLimit) }}
revisionHistoryLimit: {{ .values.revisionHistoryLimit | int }}
{{- end }}
selector:
  matchLabels:
    {{- include "podatlas.selectorLabels" . | nindent 4 }}
{{- end }}

{{/* A part whose one pod is a Deployment's. */}}
{{- define "podatlas.deployment" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "podatlas.metadata" . | nindent 2 }}
  {{- with .values.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  replicas: 1
  {{- include "podatlas.rollout" . | nindent 2 }}
  template:
    {{- include "podatlas.pods" . | nindent 4 }}
{{- end }}

{{/* A part's Service, of the type that its values want. */}}
{{- define "podatlas.service" -}}
{{- $service := (.values).service | default dict -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "podatlas.metadata" . | nindent 2 }}
  {{- with $service.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  type: {{ $service.type | default "ClusterIP" }}
  {{- with $service.loadBalancerClass }}
  loadBalancerClass: {{ . }}
  {{- end }}
  {{- with $service.loadBalancerSourceRanges }}
  loadBalancerSourceRanges:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if .isHeadless }}
  clusterIP: None
  {{- end }}
  selector:
    {{- include "podatlas.selectorLabels" . | nindent 4 }}
  ports:
    - name: http
      port: {{ .port }}
      targetPort: http
      protocol: TCP
      {{- with $service.nodePort }}
      nodePort: {{ . | int }}
      {{- end }}
{{- end }}
