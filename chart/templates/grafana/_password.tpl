{{/* Makes the administrator's password at the first start, as {name: container}; nothing where a Secret holds it. The password is
     made here and not by Helm: a random value in a template would change with every render. */}}
{{- define "podatlas.adminPassword" -}}
{{- if not (include "podatlas.grafanaSecret" .root) -}}
admin-password:
  image: {{ include "podatlas.image" . }}
  imagePullPolicy: {{ .values.image.pullPolicy }}
  command: [/bin/sh, -ec]
  args:
    - |
      file=/var/lib/grafana/admin-password
      if [ -s "$file" ]; then exit 0; fi
      umask 077
      head -c 24 /dev/urandom | base64 | tr -d '\n' > "$file.new"
      mv "$file.new" "$file"
  terminationMessagePolicy: FallbackToLogsOnError
  securityContext:
    {{- toYaml .values.securityContext | nindent 4 }}
  resources:
    requests: {cpu: 10m, memory: 16Mi}
    limits: {memory: 64Mi}
  volumeMounts:
    - mountPath: /var/lib/grafana
      name: data
{{- end -}}
{{- end }}
