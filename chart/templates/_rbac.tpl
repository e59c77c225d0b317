{{/* Name of a part's ClusterRole: with release and namespace in it, since two releases of one name in two namespaces must
     not meet. */}}
{{- define "podatlas.clusterRoleName" -}}
{{- printf "%s-%s" (include "podatlas.namespace" .root) (include "podatlas.partName" .) -}}
{{- end }}

{{/* Gives a part's account a role of the kind `Role` or `ClusterRole`. Takes the part with `kind` and `role`, its name. */}}
{{- define "podatlas.roleRef" -}}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ .kind }}
  name: {{ .role }}
subjects:
  - kind: ServiceAccount
    name: {{ include "podatlas.serviceAccountName" . }}
    namespace: {{ include "podatlas.namespace" .root }}
{{- end }}

{{/* A part's ClusterRole with its `rules`, and the binding to the part's account. */}}
{{- define "podatlas.clusterRole" -}}
{{- $name := include "podatlas.clusterRoleName" . -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: {{ $name }}
  labels:
    {{- include "podatlas.labels" . | nindent 4 }}
rules:
  {{- toYaml .rules | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: {{ $name }}
  labels:
    {{- include "podatlas.labels" . | nindent 4 }}
{{ include "podatlas.roleRef" (merge (dict "kind" "ClusterRole" "role" $name) .) }}
{{- end }}
