{{/* Names and labels. Except for the first three, templates take a part: {root, component, values}. */}}

{{- define "podatlas.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{/* At most 45 characters, which leaves room for suffixes below the 63 of a Service. What is cut off still counts:
     two long release names that begin alike would otherwise share their objects. */}}
{{- define "podatlas.fullname" -}}
{{- $name := include "podatlas.name" . -}}
{{- $full := printf "%s-%s" .Release.Name $name -}}
{{- if contains $name .Release.Name }}{{ $full = .Release.Name }}{{ end -}}
{{- $full = .Values.fullnameOverride | default $full -}}
{{- if gt (len $full) 45 -}}
{{- printf "%s-%s" ($full | trunc 38 | trimSuffix "-") ($full | sha256sum | trunc 6) -}}
{{- else -}}
{{- $full -}}
{{- end -}}
{{- end }}

{{- define "podatlas.namespace" -}}
{{- .Values.namespaceOverride | default (include "podatlas.releaseNamespace" .) -}}
{{- end }}

{{/* Where Helm keeps what it knows of the release, wherever the objects are. */}}
{{- define "podatlas.releaseNamespace" -}}
{{- .Release.Namespace -}}
{{- end }}

{{- define "podatlas.partName" -}}
{{- printf "%s-%s" (include "podatlas.fullname" .root) .component -}}
{{- end }}

{{/* Immutable once installed: name, instance, component and nothing else. */}}
{{- define "podatlas.selectorLabels" -}}
app.kubernetes.io/name: {{ include "podatlas.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "podatlas.labels" -}}
{{- $ours := include "podatlas.selectorLabels" . | fromYaml -}}
{{- $_ := set $ours "app.kubernetes.io/part-of" "podatlas" -}}
{{- $_ := set $ours "app.kubernetes.io/managed-by" .root.Release.Service -}}
{{- $_ := set $ours "app.kubernetes.io/version" .root.Chart.AppVersion -}}
{{- $_ := set $ours "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63) -}}
{{- mergeOverwrite (dict) (.root.Values.commonLabels | default dict) $ours | toYaml -}}
{{- end }}

{{/* Name of an object: the part's, or `name`. In a `namespace` that is not the release's, releases of one name in two namespaces
     would meet. */}}
{{- define "podatlas.objectName" -}}
{{- $name := .name | default (include "podatlas.partName" .) -}}
{{- $ours := include "podatlas.namespace" .root -}}
{{- ternary (printf "%s-%s" $ours $name) $name (ne (.namespace | default $ours) $ours) -}}
{{- end }}

{{/* metadata of a namespaced object. */}}
{{- define "podatlas.metadata" -}}
name: {{ include "podatlas.objectName" . }}
namespace: {{ .namespace | default (include "podatlas.namespace" .root) }}
labels:
  {{- include "podatlas.labels" . | nindent 2 }}
{{- end }}

{{- define "podatlas.serviceAccountName" -}}
{{- $account := .values.serviceAccount -}}
{{- if $account.create -}}
{{- $account.name | default (include "podatlas.partName" .) -}}
{{- else -}}
{{- $account.name | default "default" -}}
{{- end -}}
{{- end }}

{{/* The components that are switched on and run pods, as {name: values}. */}}
{{- define "podatlas.workloads" -}}
{{- $workloads := dict "agent" .Values.agent -}}
{{- range $name := list "geoip" "peers" "prometheus" "grafana" -}}
{{- $values := index $.Values $name -}}
{{- if $values.enabled }}{{ $_ := set $workloads $name $values }}{{ end -}}
{{- end -}}
{{- toYaml $workloads -}}
{{- end }}
