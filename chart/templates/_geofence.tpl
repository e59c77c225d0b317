{{/* Policies of geofence: what of the values becomes matchers, labels and faults. PromQL stands in files/rules/geofence.yaml. */}}

{{/* The rules of files/rules/geofence.yaml that stand for each policy: one of them, for all policies. */}}
{{- define "podatlas.policyRules" -}}
{{- $rules := list -}}
{{- range $name, $policy := .root.Values.geofence.policies -}}
{{- $labels := deepCopy $.rule.labels -}}
{{- $_ := set $labels "policy" $name -}}
{{- $_ := set $labels "severity" ($policy.severity | default "warning") -}}
{{- if $labels.connections -}}
{{- $_ := set $labels "connections" ($policy.connections | default "outbound") -}}
{{- $_ := set $labels "namespaces" (join "|" $policy.namespaces) -}}
{{- end -}}
{{- $exprs := list $.rule.expr -}}
{{- if contains "policy=\"$policy\"" $.rule.expr -}}
{{- $exprs = list -}}
{{- range $matchers := include "podatlas.policyMatchers" $policy | fromYamlArray -}}
{{- $exprs = append $exprs ($.rule.expr | replace "policy=\"$policy\"" $matchers) -}}
{{- end -}}
{{- end -}}
{{- $rules = append $rules (dict "record" $.rule.record "expr" (join "\nor\n" $exprs) "labels" $labels) -}}
{{- end -}}
{{- toYaml $rules -}}
{{- end }}

{{/* A YAML list of matchers: what fits one of them violates the policy. country="none" never does: it is not the internet, or
     not judged. */}}
{{- define "podatlas.policyMatchers" -}}
{{- $whose := list -}}
{{- with .namespaces }}{{ $whose = append $whose (printf "k8s_namespace=~%q" (join "|" .)) }}{{ end -}}
{{- $connections := .connections | default "outbound" -}}
{{- if eq $connections "outbound" }}{{ $whose = append $whose "role=\"client\"" }}{{ end -}}
{{- if eq $connections "inbound" }}{{ $whose = append $whose "role=\"server\"" }}{{ end -}}
{{- $allow := include "podatlas.policyPlaces" (.allow | default dict) | fromYaml -}}
{{- $deny := include "podatlas.policyPlaces" (.deny | default dict) | fromYaml -}}
{{- $isUnknownFine := ne (.unknown | default "ignore") "violation" -}}
{{- $ways := list -}}
{{- if or $allow.countries $allow.asns -}}
{{- $fine := append $allow.countries "none" -}}
{{- if $isUnknownFine }}{{ $fine = append $fine "unknown" }}{{ end -}}
{{- $way := printf "country!~%q" (join "|" $fine) -}}
{{- with $allow.asns }}{{ $way = printf "%s,asn!~%q" $way (join "|" .) }}{{ end -}}
{{- $ways = append $ways $way -}}
{{- else if not $isUnknownFine -}}
{{- $ways = append $ways "country=\"unknown\"" -}}
{{- end -}}
{{- with $deny.countries }}{{ $ways = append $ways (printf "country=~%q" (join "|" .)) }}{{ end -}}
{{- with $deny.asns }}{{ $ways = append $ways (printf "asn=~%q" (join "|" .)) }}{{ end -}}
{{- $matchers := list -}}
{{- range $ways }}{{ $matchers = append $matchers (append $whose . | join ",") }}{{ end -}}
{{- toYaml $matchers -}}
{{- end }}

{{/* {countries, asns} as text: YAML reads a bare NO as false, and numbers of networks are written with and without AS. */}}
{{- define "podatlas.policyPlaces" -}}
{{- $countries := list -}}
{{- range .countries }}{{ $countries = append $countries (kindIs "bool" . | ternary "NO" (toString .)) }}{{ end -}}
{{- $asns := list -}}
{{- range .asns -}}
{{- $asns = append $asns (kindIs "string" . | ternary (toString . | trimPrefix "AS") (printf "%d" (int64 .))) -}}
{{- end -}}
{{- toYaml (dict "countries" $countries "asns" $asns) -}}
{{- end }}

{{/* Namespaces that policies name. */}}
{{- define "podatlas.policyNamespaces" -}}
{{- $namespaces := list -}}
{{- range $policy := .Values.geofence.policies }}{{ $namespaces = concat $namespaces ($policy.namespaces | default list) }}{{ end -}}
{{- toYaml ($namespaces | uniq | sortAlpha) -}}
{{- end }}

{{/* How often geoip asks for addresses, and Prometheus for their places. */}}
{{- define "podatlas.geoInterval" -}}
{{- $interval := .Values.geoip.interval -}}
{{- $isSlow := gt (include "podatlas.seconds" $interval | int) 5 -}}
{{- if and .Values.geofence.policies $isSlow }}5s{{ else }}{{ $interval }}{{ end -}}
{{- end }}

{{- define "podatlas.geofenceFaults" -}}
{{- $faults := list -}}
{{- $policies := .Values.geofence.policies -}}
{{- $codes := .Files.Get "files/countries.txt" | trim | splitList "\n" -}}
{{- $meant := dict "UK" "the United Kingdom is GB" "EL" "Greece is GR" "EU" "name its members" -}}
{{- range $name, $policy := $policies -}}
{{- $at := printf "geofence.policies.%s" $name -}}
{{- $allow := include "podatlas.policyPlaces" ($policy.allow | default dict) | fromYaml -}}
{{- $deny := include "podatlas.policyPlaces" ($policy.deny | default dict) | fromYaml -}}
{{- if not (or $allow.countries $allow.asns $deny.countries $deny.asns) -}}
{{- $faults = append $faults (printf "%s: neither allow nor deny has a country or ASN. Add one, or remove the policy." $at) -}}
{{- end -}}
{{- range $code := concat $allow.countries $deny.countries | uniq -}}
{{- if not (has $code $codes) -}}
{{- $hint := index $meant $code | default "use a code of ISO 3166-1 alpha-2, such as DE" -}}
{{- $faults = append $faults (printf "%s: there is no country %s; %s." $at $code $hint) -}}
{{- end -}}
{{- end -}}
{{- range $code := $allow.countries -}}
{{- if has $code $deny.countries -}}
{{- $faults = append $faults (printf "%s: %s is in allow and in deny. deny wins, so take %s out of allow." $at $code $code) -}}
{{- end -}}
{{- end -}}
{{- range $asn := $allow.asns -}}
{{- if has $asn $deny.asns -}}
{{- $faults = append $faults (printf "%s: AS%s is in allow and in deny. deny wins, so take AS%s out of allow." $at $asn $asn) -}}
{{- end -}}
{{- end -}}
{{- range $label, $isNeeded := dict "destination_ip" true "role" (ne ($policy.connections | default "outbound") "all") "k8s_namespace" $policy.namespaces -}}
{{- if and $isNeeded (has $label $.Values.agent.labels.drop) -}}
{{- $faults = append $faults (printf "%s: it goes by the label %s, so take %s out of agent.labels.drop." $at $label $label) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and $policies (not .Values.geoip.enabled) -}}
{{- $faults = append $faults "geofence.policies needs geoip.enabled to know countries. Enable it:\n  geoip: {enabled: true}" -}}
{{- end -}}
{{- toYaml $faults -}}
{{- end }}

{{/* A namespace may come after its policy. Asked is only where there is a cluster, and by those who may create roles in it:
     to others a refusal would end the installation. */}}
{{- define "podatlas.geofenceWarnings" -}}
{{- $warnings := list -}}
{{- if and .Values.geofence.policies (not (or .Values.rules.enabled .Values.rules.configMap.enabled .Values.rules.prometheusRule.enabled)) -}}
{{- $warnings = append $warnings "geofence.policies: nobody judges by them, because no Prometheus gets the rules. Set rules.enabled, rules.configMap.enabled or rules.prometheusRule.enabled." -}}
{{- end -}}
{{- $namespaces := include "podatlas.policyNamespaces" . | fromYamlArray -}}
{{- if and $namespaces .Values.rbac.create (lookup "v1" "Namespace" "" "default") -}}
{{- range $name, $policy := .Values.geofence.policies -}}
{{- range $namespace := $policy.namespaces -}}
{{- if not (lookup "v1" "Namespace" "" $namespace) -}}
{{- $warnings = append $warnings (printf "geofence.policies.%s: there is no namespace %s yet. Is its name right?" $name $namespace) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml $warnings -}}
{{- end }}
