{{/* Where a component keeps its data: its claim, or the pod's own disk. */}}
{{- define "podatlas.dataVolume" -}}
{{- if .values.persistence.enabled -}}
persistentVolumeClaim: {claimName: {{ .values.persistence.existingClaim | default (include "podatlas.partName" .) }}}
{{- else -}}
emptyDir: {}
{{- end -}}
{{- end }}

{{- define "podatlas.claim" -}}
{{- if and .values.persistence.enabled (not .values.persistence.existingClaim) -}}
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  {{- include "podatlas.metadata" . | nindent 2 }}
  {{- $kept := ternary (dict "helm.sh/resource-policy" "keep") dict .values.persistence.keep }}
  {{- with mergeOverwrite (dict) (.values.persistence.annotations | default dict) $kept }}
  annotations:
    {{- toYaml . | nindent 4 }}
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
