{{/* What all pods have in common. Each template takes a part: {root, component, values}. */}}

{{- define "podatlas.image" -}}
{{- $image := .values.image -}}
{{- $registry := .root.Values.global.imageRegistry | default $image.registry | default "" -}}
{{- $name := ternary (printf "%s/%s" $registry $image.repository) $image.repository (ne $registry "") -}}
{{- $name = printf "%s:%s" $name ($image.tag | default .root.Chart.AppVersion) -}}
{{- with $image.digest }}{{ $name = printf "%s@%s" $name . }}{{ end -}}
{{- $name -}}
{{- end }}

{{/* metadata of the pod template; `annotations` are the chart's own, such as checksums. */}}
{{- define "podatlas.podMetadata" -}}
labels:
  {{- $ours := include "podatlas.selectorLabels" . | fromYaml }}
  {{- mergeOverwrite (dict) (.root.Values.commonLabels | default dict) (.values.podLabels | default dict) $ours | toYaml | nindent 2 }}
{{- $scrape := include "podatlas.scrapeAnnotations" . | fromYaml }}
{{- with mergeOverwrite (dict) (.annotations | default dict) $scrape (.values.podAnnotations | default dict) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* A part's pods: a program that serves HTTP at `port`. Beside {root, component, values} the part holds what the chart itself
     gives: `args`, `env`, `volumes`, `mounts`, `annotations`, `initContainers` by name, and `paths` of the probes. `token` for
     who asks the API server, `command` for another program than the image's own. */}}
{{- define "podatlas.pods" -}}
metadata:
  {{- include "podatlas.podMetadata" . | nindent 2 }}
spec:
  {{- if .values.serviceAccount }}
  serviceAccountName: {{ include "podatlas.serviceAccountName" . }}
  {{- end }}
  automountServiceAccountToken: {{ .token | default false }}
  enableServiceLinks: false
  {{- with include "podatlas.pullSecrets" . | fromYamlArray }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- range $key := list "nodeSelector" "tolerations" "affinity" "priorityClassName" "runtimeClassName" "hostAliases" "dnsPolicy" "dnsConfig" "hostPID" }}
  {{- with index $.values $key }}
  {{- dict $key . | toYaml | nindent 2 }}
  {{- end }}
  {{- end }}
  securityContext:
    {{- toYaml .values.podSecurityContext | nindent 4 }}
  {{- if hasKey .values "terminationGracePeriodSeconds" }}
  terminationGracePeriodSeconds: {{ .values.terminationGracePeriodSeconds | int }}
  {{- end }}
  {{- with include "podatlas.replaced" (dict "ours" .initContainers "theirs" .values.initContainers) | fromYaml }}
  initContainers:
    {{- include "podatlas.named" . | nindent 4 }}
  {{- end }}
  containers:
    - name: {{ .component }}
      image: {{ include "podatlas.image" . }}
      imagePullPolicy: {{ .values.image.pullPolicy }}
      {{- with .command }}
      command: {{ toJson . }}
      {{- end }}
      {{- with concat (.args | default list) (.values.args | default list) }}
      args:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .values.envFrom }}
      envFrom:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- include "podatlas.env" . | nindent 6 }}
      {{- if .port }}
      ports:
        - name: http
          containerPort: {{ .port }}
          protocol: TCP
      {{- end }}
      {{- range $probe, $path := .paths }}
      {{- with index $.values.probes $probe }}
      {{ $probe }}Probe:
        {{- mergeOverwrite (dict "httpGet" (dict "path" $path "port" "http")) . | toYaml | nindent 8 }}
      {{- end }}
      {{- end }}
      terminationMessagePolicy: FallbackToLogsOnError
      securityContext:
        {{- .securityContext | default .values.securityContext | toYaml | nindent 8 }}
      resources:
        {{- toYaml .values.resources | nindent 8 }}
      {{- include "podatlas.volumeMounts" . | nindent 6 }}
    {{- with .values.containers }}
    {{- include "podatlas.named" . | nindent 4 }}
    {{- end }}
  {{- include "podatlas.volumes" . | nindent 2 }}
{{- end }}

{{/* Secrets for pulling a part's image, those of all first: "name" or {name: name}, each once. */}}
{{- define "podatlas.pullSecrets" -}}
{{- $secrets := list -}}
{{- range concat (.root.Values.global.imagePullSecrets | default list) (.values.image.pullSecrets | default list) -}}
{{- $secrets = append $secrets (kindIs "string" . | ternary (dict "name" .) .) -}}
{{- end -}}
{{- toYaml (uniq $secrets) -}}
{{- end }}

{{/* A map by name as a list: what Kubernetes wants of containers, volumes and the like. */}}
{{- define "podatlas.named" -}}
{{- range $name, $entry := . }}
- name: {{ $name }}
  {{- toYaml $entry | nindent 2 }}
{{- end }}
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
  {{- include "podatlas.named" . | nindent 2 }}
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
