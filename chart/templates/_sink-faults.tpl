{{/* What the schema cannot see of sinks. */}}
{{- define "podatlas.sinkFaults" -}}
{{- $faults := list -}}
{{- $sinks := include "podatlas.enabledSinks" . | fromYaml -}}
{{- if not $sinks -}}
{{- $faults = append $faults "sinks: every sink is disabled, so nothing would leave the agent. Enable one, or to look at the data only:\n  sinks: {debug: {type: stdout}}" -}}
{{- end -}}
{{- range $name, $sink := $sinks -}}
{{- if and (eq $sink.type "otlp") (not $sink.endpoint) -}}
{{- $port := eq (toString $sink.protocol) "grpc" | ternary "4317" "4318" -}}
{{- $faults = append $faults (printf "sinks.%s: a sink of type otlp needs an endpoint. For example:\n  sinks:\n    %s:\n      endpoint: http://otel-collector.observability.svc:%s" $name $name $port) -}}
{{- end -}}
{{- if and (eq $sink.type "newrelic") (not $sink.account) -}}
{{- $faults = append $faults (printf "sinks.%s: a newrelic sink needs the number of an account. For example:\n  sinks:\n    %s:\n      account: 1234567" $name $name) -}}
{{- end -}}
{{- $at := printf "sinks.%s.credentials" $name -}}
{{- $credentials := $sink.credentials | default dict -}}
{{- $values := $credentials.values | default dict -}}
{{- if and $credentials.existingSecret $values -}}
{{- $faults = append $faults (printf "%s: both existingSecret (%q) and values are set. Keep one. existingSecret keeps the password out of your values file." $at $credentials.existingSecret) -}}
{{- else if and (eq $sink.type "newrelic") (not $credentials.existingSecret) (not $values.licenseKey) -}}
{{- $faults = append $faults (printf "%s: a newrelic sink needs a licenseKey. Put it in a Secret and name it:\n  sinks:\n    %s:\n      credentials:\n        existingSecret: newrelic\n        keys: {licenseKey: licenseKey}" $at $name) -}}
{{- else if and $values (ne $sink.type "newrelic") -}}
{{- range $key := include "podatlas.sinkCredentials" $sink | fromYaml | keys | sortAlpha -}}
{{- if not (index $values $key) -}}
{{- $faults = append $faults (printf "%s: a %s sink needs a %s too. Put both in a Secret and name it:\n  sinks:\n    %s:\n      credentials:\n        existingSecret: %s\n        keys: {username: username, password: password}" $at $sink.type $key $name $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $named := mergeOverwrite (dict) ($credentials.keys | default dict) $values -}}
{{- if and $named.token (or $named.username $named.password) -}}
{{- $faults = append $faults (printf "%s: both a token and a user name or password are named. Keep one. For a token:\n  sinks:\n    %s:\n      credentials:\n        existingSecret: %s\n        keys: {token: token}" $at $name ($credentials.existingSecret | default $name)) -}}
{{- end -}}
{{- $faults = concat $faults (include "podatlas.headerFaults" (dict "at" (printf "sinks.%s" $name) "yaml" (printf "\n  sinks:\n    %s:" $name) "settings" $sink) | fromYamlArray) -}}
{{- $endpoint := include "podatlas.sinkEndpoint" (dict "root" $ "sink" $sink) -}}
{{- $tls := $sink.tls | default dict -}}
{{- if and (hasPrefix "http://" $endpoint) (or $tls.caSecret $tls.certSecret $tls.serverName $tls.insecureSkipVerify) -}}
{{- $faults = append $faults (printf "sinks.%s.tls: %s is no URL of https, so there is no certificate to look at. Use https, or remove tls." $name $endpoint) -}}
{{- end -}}
{{- end -}}
{{- toYaml $faults -}}
{{- end }}

{{/* Of whatever has headers. Takes {at: path of the settings, yaml: the same as YAML, settings}. */}}
{{- define "podatlas.headerFaults" -}}
{{- $faults := list -}}
{{- $credentials := .settings.credentials | default dict -}}
{{- $secret := .settings.secretHeaders | default dict -}}
{{- $at := printf "%s.secretHeaders" .at -}}
{{- $example := printf "%s\n      secretHeaders:\n        existingSecret: %s\n        keys: {api-key: licenseKey}" .yaml ($secret.existingSecret | default (splitList "." .at | last)) -}}
{{- if and $secret.existingSecret $secret.values -}}
{{- $faults = append $faults (printf "%s: both existingSecret (%q) and values are set. Keep one. existingSecret keeps the secret out of your values file." $at $secret.existingSecret) -}}
{{- else if and $secret.existingSecret (not $secret.keys) -}}
{{- $faults = append $faults (printf "%s: no header is named. Say which header has its value in which key of the Secret:%s" $at $example) -}}
{{- else if and $secret.keys (not $secret.existingSecret) -}}
{{- $faults = append $faults (printf "%s: keys are named, but no Secret that has them. For example:%s" $at $example) -}}
{{- end -}}
{{- $names := dict -}}
{{- $secrets := ternary $secret.keys $secret.values (not (empty $secret.existingSecret)) | default dict -}}
{{- range $setting, $headers := dict "headers" (.settings.headers | default dict) "secretHeaders" $secrets -}}
{{- range $header, $_ := $headers -}}
{{- if and (eq (lower $header) "authorization") (or $credentials.existingSecret $credentials.values) -}}
{{- $faults = append $faults (printf "%s: both %s.%s and credentials are set. Keep credentials, which stay out of the ConfigMap." $.at $setting $header) -}}
{{- end -}}
{{- with get $names (lower $header) -}}
{{- $faults = append $faults (printf "%s: %s and %s.%s are the same header. Keep one; secretHeaders stay out of the ConfigMap." $.at . $setting $header) -}}
{{- end -}}
{{- $_ := set $names (lower $header) (printf "%s.%s" $setting $header) -}}
{{- end -}}
{{- end -}}
{{- toYaml $faults -}}
{{- end }}
