import { basename, join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { chartFolder, fileOf, type Manifest, render, valuesFiles } from './helm.ts'
import { workloads } from './pods.ts'

type Use = {
  /** The components that have pods. */
  readonly runs: readonly string[]
  /** Where the agents send, as type and endpoint by the name of the sink. */
  readonly sends: Readonly<Record<string, string>>
  /** What the file is there for: objects, and what stands in them. */
  readonly says: Readonly<Record<string, readonly RegExp[]>>
}

const all = ['agent', 'geoip', 'grafana', 'peers', 'prometheus']
const without = (...names: string[]) => all.filter(name => !names.includes(name))
const agents = ['agent']
const own = { default: 'prometheus http://podatlas-prometheus.observability.svc:9090/api/v1/write' }
const theirs = 'http://prometheus.monitoring.svc:9090'
const operated = 'http://prometheus-operated.monitoring.svc:9090'
const agent = 'DaemonSet observability/podatlas-agent'
const agentConfig = 'ConfigMap observability/podatlas-agent'
const geoip = 'Deployment observability/podatlas-geoip'
const world = 'ConfigMap observability/podatlas-dashboard-podatlas-world'
const rules = 'ConfigMap observability/podatlas-rules'

const uses: Readonly<Record<string, Use>> = {
  'air-gapped': {
    runs: all,
    sends: own,
    says: {
      [agent]: [/"image":"registry\.example\.com\/mirror\/podatlas\/agent:/, /"name":"second"/],
      'Deployment observability/podatlas-grafana': [/"image":"registry\.example\.com\/mirror\//],
    },
  },
  default: { runs: all, sends: own, says: { [world]: [/"uid/], [rules]: [/alert:/] } },
  exposed: {
    runs: all,
    sends: own,
    says: {
      'Ingress observability/podatlas-grafana': [/grafana\.example\.com/, /grafana-tls/],
      'Ingress observability/podatlas-geoip': [/map\.example\.com/, /map\.example\.net/],
      'HTTPRoute observability/podatlas-prometheus': [/prometheus\.example\.com/, /"https"/],
      'Service observability/podatlas-peers': [/"NodePort"/, /30080/],
    },
  },
  geofence: {
    runs: all,
    sends: own,
    says: { [rules]: [/shop-stays-in-europe/, /nobody-goes-there/, /DE\|FR\|NO/, /NewCountry/] },
  },
  'grafana-files': {
    runs: without('grafana'),
    sends: own,
    says: { [world]: [/^(?!.*grafana_dashboard)/] },
  },
  'grafana-operator': {
    runs: without('grafana'),
    sends: own,
    says: {
      'GrafanaDashboard observability/podatlas-dashboard-podatlas-world': [
        /"instanceSelector":\{"matchLabels":\{"dashboards":"grafana"\}\}/,
      ],
      [world]: [/"uid/],
    },
  },
  'grafana-sidecar': {
    runs: without('grafana'),
    sends: own,
    says: {
      'ConfigMap monitoring/observability-podatlas-dashboard-podatlas-world': [
        /"grafana_dashboard":"1"/,
        /"grafana_folder":"podatlas"/,
      ],
    },
  },
  'migration-2021': {
    runs: all,
    sends: own,
    says: {
      [agentConfig]: [/names2021: true/],
      [geoip]: [/bytes_tx\{\}/],
      [rules]: [/bytes_tx:sum/],
    },
  },
  newrelic: {
    runs: agents,
    sends: { nr: 'newrelic', 'nr-metrics': 'otlp https://otlp.eu01.nr-data.net/v1/metrics' },
    says: {
      [agentConfig]: [/account: 1234567/, /region: EU/, /api-key: \/etc/],
      [agent]: [/"secret":\{.*"newrelic"/],
    },
  },
  'otlp-only': {
    runs: agents,
    sends: {
      collector: 'otlp http://otel-collector.observability.svc:4317',
      outside: 'otlp https://otlp.example.com/v1/metrics',
    },
    says: { [agentConfig]: [/protocol: grpc/] },
  },
  'own-prometheus': {
    runs: without('grafana', 'prometheus'),
    sends: { default: `prometheus ${theirs}/api/v1/write` },
    says: {
      [geoip]: [new RegExp(`"${theirs}"`)],
      [world]: [/"grafana_dashboard":"1"/],
      [rules]: [/https:\/\/runbooks\.example\.com\/podatlas\/PodatlasNoData/],
    },
  },
  peers: {
    runs: all,
    sends: own,
    says: {
      'Deployment observability/podatlas-peers': [/10\.42\.0\.0\/16/, /"50000"/, /"1m"/, /"east"/],
      [rules]: [/cross_zone.*0\.01|0\.01.*cross_zone/s],
    },
  },
  persistent: {
    runs: all,
    sends: own,
    says: {
      'PersistentVolumeClaim observability/podatlas-prometheus': [/"20Gi"/, /"fast"/],
      'PersistentVolumeClaim observability/podatlas-grafana': [/"helm.sh\/resource-policy":"keep"/],
      'Deployment observability/podatlas-grafana': [/"grafana-admin"/],
      [geoip]: [/"secretName":"geolite2"/, /GeoLite2-City\.mmdb/],
      [agent]: [/"system-node-critical"/, /"scratch"/],
      'ConfigMap observability/podatlas-note': [/from values/],
    },
  },
  'pod-monitor': {
    runs: without('grafana', 'prometheus'),
    sends: { default: 'scrape' },
    says: {
      'PodMonitor observability/podatlas-agent': [/"release":"kube-prometheus-stack"/],
      'PodMonitor observability/podatlas-geoip': [/"targetLabel":"node"/],
      'PrometheusRule observability/podatlas-rules': [/PodatlasNoData/],
      [geoip]: [new RegExp(`"${operated}"`)],
    },
  },
  'private-prometheus': {
    runs: without('grafana', 'prometheus'),
    sends: { default: 'prometheus https://prometheus.example.com/api/v1/write' },
    says: {
      [geoip]: [/--username-file/, /X-Scope-OrgID=shop/, /"key":"user"/, /inbound=/],
      [agent]: [/"prometheus-writer"/, /"prometheus-ca"/],
    },
  },
  'private-receiver-only': {
    runs: agents,
    sends: {
      default: 'prometheus https://metrics.example.com/api/v1/write',
      near: 'prometheus https://mirror.example.com/api/v1/write',
    },
    says: {
      [agentConfig]: [/tokenFile/, /certFile/, /proxyUrl: http:\/\/proxy\.example\.com:3128/],
    },
  },
  processes: {
    runs: all,
    sends: own,
    says: { [agentConfig]: [/processes: true/, /- zone/, /- destination_port/] },
  },
  restricted: {
    runs: all,
    sends: {
      ...own,
      otel: 'otlp http://otel-collector.observability.svc:4318',
      away: 'prometheus https://metrics.example.com:8443/api/v1/write',
    },
    says: {
      'NetworkPolicy observability/podatlas-agent': [/8443/, /3128/, /198\.51\.100\.0\/24/],
      'ClusterRole observability-podatlas-agent': [/securitycontextconstraints/],
    },
  },
  'scrape-annotations': {
    runs: without('prometheus'),
    sends: { default: 'scrape' },
    says: { [agent]: [/"prometheus\.io\/scrape":"true"/], [geoip]: [new RegExp(`"${theirs}"`)] },
  },
  'service-monitor': {
    runs: without('grafana', 'prometheus'),
    sends: { default: `prometheus ${operated}/api/v1/write` },
    says: {
      'ServiceMonitor monitoring/observability-podatlas-geoip': [/"zip"/],
      'ServiceMonitor monitoring/observability-podatlas-peers': [/"interval":"30s"/],
      'PrometheusRule monitoring/observability-podatlas-rules': [/stay-home/],
    },
  },
  'sinks-only': {
    runs: agents,
    sends: {
      metrics: 'prometheus https://metrics.example.com/api/v1/write',
      second: 'prometheus https://other.example.org/api/v1/write',
      otel: 'otlp http://otel-collector.observability.svc:4317',
      debug: 'stdout',
    },
    says: { 'Secret observability/podatlas-sink-second': [/"trial"/] },
  },
  'stdout-only': { runs: agents, sends: { default: 'stdout' }, says: {} },
  subchart: {
    runs: all,
    sends: own,
    says: { [agent]: [/"image":"registry\.example\.com\/mirror\/podatlas\/agent:/] },
  },
}

test('each file is told what it is for', () => {
  expect(valuesFiles.map(nameOf).toSorted()).toEqual(Object.keys(uses).toSorted())
})

describe.each(Object.entries(uses))('%s', (name, { runs, sends, says }) => {
  let objects: Manifest[]
  beforeAll(async () => {
    objects = await render(['--values', join(chartFolder, `ci/${name}-values.yaml`)])
  })

  test('runs what it says, and sends to where it says', () => {
    const pods = workloads(objects).map(({ spec }) => spec.selector.matchLabels[label])
    expect(pods.map(String).toSorted()).toEqual(runs)
    const { sinks } = Config.parse(parse(fileOf(objects, 'podatlas-agent', 'agent.yaml')))
    const targets = Object.entries(sinks).map(([sink, { type, endpoint }]) => [
      sink,
      [type, endpoint].filter(Boolean).join(' '),
    ])
    expect(Object.fromEntries(targets)).toEqual(sends)
  })

  test('has what it is there for', () => {
    for (const [object, words] of Object.entries(says)) {
      const [kind, place = ''] = object.split(' ')
      const found = objects.find(
        one =>
          one.kind === kind &&
          [one.metadata.namespace, one.metadata.name].filter(Boolean).join('/') === place,
      )
      expect(found, object).toBeDefined()
      for (const word of words) expect(JSON.stringify(found), object).toMatch(word)
    }
  })
})

const label = 'app.kubernetes.io/component'
const Config = z.object({
  sinks: z.record(z.string(), z.looseObject({ type: z.string(), endpoint: z.string().optional() })),
})

function nameOf(path: string): string {
  return basename(path, '-values.yaml')
}
