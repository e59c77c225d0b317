{{/* What all pods have in common. Each template takes a part: {root, component, values}. */}}

{{- define "podatlas.image" -}}
{{- $image := .values.image -}}
{{- $registry := .root.Values.global.imageRegistry | default $image.registry -}}
{{- $name := ternary (printf "%s/%s" $registry $image.repository) $image.repository (ne $registry "") -}}
{{- $tag := $image.tag | default .root.Chart.AppVersion -}}
{{- ternary (printf "%s:%s@%s" $name $tag $image.digest) (printf "%s:%s" $name $tag) (ne $image.digest "") -}}
{{- end }}

{{/* metadata of the pod template; `annotations` are the chart's own, such as checksums. */}}
{{- define "podatlas.podMetadata" -}}
labels:
  {{- $ours := include "podatlas.selectorLabels" . | fromYaml }}
  {{- mergeOverwrite (dict) .root.Values.commonLabels .values.podLabels $ours | toYaml | nindent 2 }}
{{- $scrape := include "podatlas.scrapeAnnotations" . | fromYaml }}
{{- with mergeOverwrite (dict) (.annotations | default dict) $scrape .values.podAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Keys of the pod's spec, all but containers and volumes. A component that needs the API sets `token`. */}}
{{- define "podatlas.podKeys" -}}
serviceAccountName: {{ include "podatlas.serviceAccountName" . }}
automountServiceAccountToken: {{ .token | default false }}
enableServiceLinks: false
{{- with .root.Values.global.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ kindIs "string" . | ternary . (get (kindIs "map" . | ternary . dict) "name") }}
  {{- end }}
{{- end }}
{{- range $key := list "nodeSelector" "tolerations" "affinity" "priorityClassName" }}
{{- with index $.values $key }}
{{ dict $key . | toYaml }}
{{- end }}
{{- end }}
securityContext:
  {{- toYaml .values.podSecurityContext | nindent 2 }}
{{- end }}

{{- define "podatlas.revisionHistory" -}}
{{- if not (kindIs "invalid" .values.revisionHistoryLimit) -}}
revisionHistoryLimit: {{ .values.revisionHistoryLimit | int }}
{{- end -}}
{{- end }}

{{/* The chart's `ours` with the user's `theirs` on top, entry by entry: an entry is replaced as a whole, because half of
     ours and half of theirs would be neither. An API server that applies on the server side refuses a name given twice. */}}
{{- define "podatlas.replaced" -}}
{{- $all := dict -}}
{{- range $name, $entry := .ours }}{{ $_ := set $all $name $entry }}{{ end -}}
{{- range $name, $entry := .theirs }}{{ $_ := set $all $name $entry }}{{ end -}}
{{- toYaml $all -}}
{{- end }}

{{/* env as a list by name, from the chart's `env` and the user's. */}}
{{- define "podatlas.env" -}}
{{- with include "podatlas.replaced" (dict "ours" .env "theirs" .values.env) | fromYaml -}}
env:
  {{- range $name, $value := . }}
  - name: {{ $name }}
    {{- if kindIs "map" $value }}
    {{- toYaml $value | nindent 4 }}
    {{- else }}
    value: {{ kindIs "string" $value | ternary $value (toJson $value) | quote }}
    {{- end }}
  {{- end }}
{{- end -}}
{{- end }}

{{/* volumes as a list by name, from the chart's `volumes` and the user's. */}}
{{- define "podatlas.volumes" -}}
{{- with include "podatlas.replaced" (dict "ours" .volumes "theirs" .values.volumes) | fromYaml -}}
volumes:
  {{- range $name, $source := . }}
  - name: {{ $name }}
    {{- toYaml $source | nindent 4 }}
  {{- end }}
{{- end -}}
{{- end }}

{{/* volumeMounts as a list by path, from the chart's `mounts` and the user's. */}}
{{- define "podatlas.volumeMounts" -}}
{{- with include "podatlas.replaced" (dict "ours" .mounts "theirs" .values.volumeMounts) | fromYaml -}}
volumeMounts:
  {{- range $path, $mount := . }}
  - mountPath: {{ $path }}
    {{- toYaml $mount | nindent 4 }}
  {{- end }}
{{- end -}}
{{- end }}

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

{{- define "podatlas.service" -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "podatlas.metadata" . | nindent 2 }}
spec:
  type: ClusterIP
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
{{- end }}
