{{/* Where a component keeps its data: its claim, or the pod's own disk. */}}
{{- define "podatlas.dataVolume" -}}
{{- if .values.persistence.enabled -}}
persistentVolumeClaim: {claimName: {{ include "podatlas.partName" . }}}
{{- else -}}
emptyDir: {}
{{- end -}}
{{- end }}

{{- define "podatlas.claim" -}}
{{- if .values.persistence.enabled -}}
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  {{- include "podatlas.metadata" . | nindent 2 }}
  {{- if .values.persistence.keep }}
  annotations:
    helm.sh/resource-policy: keep
  {{- end }}
spec:
  accessModes: [ReadWriteOnce]
  {{- with .values.persistence.storageClass }}
  storageClassName: {{ . }}
  {{- end }}
  resources:
    requests:
      storage: {{ .values.persistence.size }}
{{- end -}}
{{- end }}
