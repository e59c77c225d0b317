import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createGenerator } from 'ts-json-schema-generator'
import { z } from 'zod'
import { toolPath } from '../tools/tool.ts'
import { kubectl } from './running.ts'

const models = join(import.meta.dirname, '../../node_modules/@kubernetes-models/grafana-operator')
const ofPrometheus = ['podmonitors', 'prometheusrules', 'servicemonitors'].map(
  plural => `${plural}.monitoring.coreos.com`,
)
const ofGrafana = 'grafanadashboards.grafana.integreatly.org'
const ofGateways = 'httproutes.gateway.networking.k8s.io'
const names = [...ofPrometheus, ofGrafana, ofGateways].map(name => `crd/${name}`)

/** Where some renders put objects for another team's Prometheus or Grafana. */
export const othersNamespaces = ['grafana', 'monitoring']

/** Installs the kinds of operators and gateways that some renders hold, as strict as their makers define them. */
export async function installOperatorKinds(): Promise<void> {
  const routes = readFileSync(
    toolPath('gateway-api', 'gateway.networking.k8s.io_httproutes.yaml'),
    'utf8',
  )
  const definitions = [...prometheusDefinitions(), JSON.stringify(grafanaDefinition()), routes]
  await kubectl(['create', '-f', '-'], definitions.join('\n---\n'))
  await kubectl(['wait', '--for=condition=Established', ...names, '--timeout=90s'])
}

export async function removeOperatorKinds(): Promise<void> {
  await kubectl(['delete', ...names])
}

/** As the Prometheus Operator ships them. */
function prometheusDefinitions(): string[] {
  const bundle = readFileSync(toolPath('prometheus-operator', 'bundle.yaml'), 'utf8')
  return bundle
    .split(/^---$/m)
    .filter(text => ofPrometheus.some(name => text.includes(`\n  name: ${name}\n`)))
}

/** Made from the types of GrafanaDashboard that npm has, which come from the grafana-operator's own definition. */
function grafanaDefinition(): object {
  const generator = createGenerator({
    path: join(models, 'grafana.integreatly.org/v1beta1/GrafanaDashboard.d.ts'),
    type: 'IGrafanaDashboard',
    expose: 'none',
    topRef: false,
    skipTypeCheck: true,
  })
  const { properties } = z
    .object({ properties: z.object({ spec: z.unknown() }) })
    .parse(generator.createSchema('IGrafanaDashboard'))
  const [plural = '', group] = ofGrafana.split(/\.(.*)/)
  const openAPIV3Schema = { type: 'object', properties: { spec: structural(properties.spec) } }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: ofGrafana },
    spec: {
      group,
      names: { kind: 'GrafanaDashboard', plural, singular: 'grafanadashboard' },
      scope: 'Namespaced',
      versions: [{ name: 'v1beta1', served: true, storage: true, schema: { openAPIV3Schema } }],
    },
  }
}

/** What a definition may not say, since it is always so: there are no other properties. */
function structural(schema: unknown): unknown {
  const text = JSON.stringify(schema, (key, value: unknown) =>
    key === 'additionalProperties' && value === false ? undefined : value,
  )
  return JSON.parse(text)
}
