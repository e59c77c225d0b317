/**
 * Kinds of operators that some renders hold. The operators' own definitions are no part of this repository: the server
 * takes any content for these, and what is in it is looked at where the chart is rendered.
 */
export const operatorKinds = [
  definition('monitoring.coreos.com', 'v1', 'PrometheusRule', 'prometheusrules'),
  definition('grafana.integreatly.org', 'v1beta1', 'GrafanaDashboard', 'grafanadashboards'),
]

function definition(group: string, version: string, kind: string, plural: string) {
  const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
  const schema = { openAPIV3Schema: anything }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: { kind, plural, singular: kind.toLowerCase() },
      scope: 'Namespaced',
      versions: [{ name: version, served: true, storage: true, schema }],
    },
  }
}
