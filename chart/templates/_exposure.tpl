{{/* How people reach a component from outside the cluster: a Service of another type, an Ingress, a route of the Gateway API. */}}

{{/* The components that may have an Ingress or a route and are on, as {name: values}. */}}
{{- define "podatlas.exposable" -}}
{{- pick (include "podatlas.workloads" . | fromYaml) "geoip" "grafana" "prometheus" | toYaml -}}
{{- end }}

{{/* The port of a component's Service. */}}
{{- define "podatlas.servicePort" -}}
{{- index (dict "prometheus" 9090 "grafana" 3000) .component | default 8080 -}}
{{- end }}

{{- define "podatlas.ingressSpec" -}}
{{- $ingress := .values.ingress -}}
{{- with $ingress.className }}
ingressClassName: {{ . }}
{{- end }}
{{- with $ingress.tlsSecret }}
tls:
  - secretName: {{ . }}
    hosts:
      {{- toYaml $ingress.hosts | nindent 6 }}
{{- end }}
rules:
  {{- range $ingress.hosts }}
  - host: {{ . | quote }}
    http:
      paths:
        - path: /
          pathType: Prefix
          backend:
            service:
              name: {{ include "podatlas.partName" $ }}
              port: {name: http}
  {{- end }}
{{- end }}

{{- define "podatlas.routeSpec" -}}
{{- $route := .values.httpRoute -}}
parentRefs:
  {{- toYaml $route.parentRefs | nindent 2 }}
{{- with $route.hostnames }}
hostnames:
  {{- toYaml . | nindent 2 }}
{{- end }}
rules:
  - backendRefs:
      - name: {{ include "podatlas.partName" . }}
        port: {{ include "podatlas.servicePort" . }}
    {{- with $route.filters }}
    filters:
      {{- toYaml . | nindent 6 }}
    {{- end }}
{{- end }}

{{/* Where people reach a part from outside, as far as values tell. Grafana makes links with it. Empty: not known. */}}
{{- define "podatlas.outsideUrl" -}}
{{- if .values.externalUrl -}}
{{- .values.externalUrl -}}
{{- else if .values.ingress.enabled -}}
{{- printf "%s://%s/" (ternary "https" "http" (ne (.values.ingress.tlsSecret | default "") "")) (first (.values.ingress.hosts | default (list ""))) -}}
{{- end -}}
{{- end }}

{{- define "podatlas.exposureFaults" -}}
{{- $faults := list -}}
{{- range $name, $values := include "podatlas.workloads" . | fromYaml -}}
{{- with $values.service -}}
{{- if and .nodePort (eq .type "ClusterIP") -}}
{{- $faults = append $faults (printf "%s.service.nodePort is %d, and a Service of type ClusterIP has none. Use:\n  %s: {service: {type: NodePort}}" $name (int .nodePort) $name) -}}
{{- end -}}
{{- if and (or .loadBalancerClass .loadBalancerSourceRanges) (ne .type "LoadBalancer") -}}
{{- $faults = append $faults (printf "%s.service: loadBalancerClass and loadBalancerSourceRanges say nothing of a Service of type %s. Use:\n  %s: {service: {type: LoadBalancer}}" $name .type $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $name, $values := include "podatlas.exposable" . | fromYaml -}}
{{- if and $values.ingress.enabled (not $values.ingress.hosts) -}}
{{- $faults = append $faults (printf "%s.ingress: no host is named, so it would take whatever nobody else does. Name one:\n  %s: {ingress: {hosts: [%s.example.com]}}" $name $name $name) -}}
{{- end -}}
{{- if and $values.httpRoute.enabled (not $values.httpRoute.parentRefs) -}}
{{- $faults = append $faults (printf "%s.httpRoute.parentRefs is empty; no Gateway would take the route. Name yours:\n  %s: {httpRoute: {parentRefs: [{name: public, namespace: gateways}]}}" $name $name) -}}
{{- end -}}
{{- if and $values.httpRoute.enabled (include "podatlas.isUnknownKind" (dict "root" $ "kind" "gateway.networking.k8s.io/v1/HTTPRoute")) -}}
{{- $faults = append $faults (printf "%s.httpRoute: this cluster has no HTTPRoute (gateway.networking.k8s.io/v1). Install the CRDs of the Gateway API, or use an Ingress instead:\n  %s: {httpRoute: {enabled: false}, ingress: {enabled: true}}\nIf the CRDs come in the same run, set monitors.checkCRDs=false." $name $name) -}}
{{- end -}}
{{- end -}}
{{- toYaml $faults -}}
{{- end }}

{{/* Who has no login of its own is open to whoever gets there. */}}
{{- define "podatlas.exposureWarnings" -}}
{{- $warnings := list -}}
{{- range $name, $values := omit (include "podatlas.workloads" . | fromYaml) "agent" "grafana" -}}
{{- if and (ne $values.service.type "ClusterIP") (not $values.service.loadBalancerSourceRanges) -}}
{{- $warnings = append $warnings (printf "%s asks for no password, and %s.service.type=%s lets everybody in who reaches it. An Ingress with a login, or a network: %s.service.loadBalancerSourceRanges." $name $name $values.service.type $name) -}}
{{- end -}}
{{- $ingress := $values.ingress | default dict -}}
{{- if and $ingress.enabled (not $ingress.annotations) -}}
{{- $warnings = append $warnings (printf "%s asks for no password, and nothing in %s.ingress.annotations does: everybody who reaches %s sees it." $name $name (first ($ingress.hosts | default (list "")))) -}}
{{- end -}}
{{- end -}}
{{- toYaml $warnings -}}
{{- end }}
