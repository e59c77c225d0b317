import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePorts } from '../../../ci/ports.ts'
import { startPrometheus } from '../../program/test/prometheus.ts'
import { prometheusClient } from '../../prometheus/query.ts'
import { openUpstream } from '../../prometheus/upstream.ts'
import { verdictReader } from './verdicts.ts'
import type { Judged, Verdicts } from './verdicts.ts'

const stack = new AsyncDisposableStack()
const noFilters = { namespaces: [], pods: [], containers: [], countries: [] }
const pod = { namespace: 'shop', pod: 'a', role: 'client', country: 'US', asNumber: 64_496 }
let verdicts: Verdicts

beforeAll(async () => {
  const folder = stack.use(mkdtempDisposableSync(join(tmpdir(), 'geoip-verdicts-')))
  record(folder.path, [
    'podatlas_geofence_policy{policy="home",severity="critical",namespaces="shop|bank",connections="outbound"}',
    'podatlas_geofence_policy{policy="visitors",severity="info",namespaces="web",connections="inbound"}',
    'namespace_pod_country:podatlas_geofence_violation_bytes:rate5m{policy="home",direction="transmit",k8s_namespace="shop",k8s_pod="a",role="client",country="US",asn="64496"}',
    'namespace_pod_country:podatlas_geofence_violation_bytes:rate5m{policy="home",direction="receive",k8s_namespace="shop",k8s_pod="a",role="client",country="US",asn="64496"}',
    'namespace_pod_country:podatlas_geofence_violation_connections:rate5m{policy="home",k8s_namespace="bank",k8s_pod="b",role="client",country="unknown"}',
  ])
  const [port = 0] = await freePorts('any')
  stack.use(await startPrometheus(folder.path, {}, port))
  const stop = new AbortController()
  stack.defer(() => stop.abort())
  const prometheus = prometheusClient({
    upstream: openUpstream(`http://127.0.0.1:${port}`),
    timeoutMs: 10_000,
    stop: stop.signal,
  })
  verdicts = await verdictReader(prometheus.ask)({ windowSeconds: 60, filters: noFilters })
}, 60_000)

afterAll(() => stack.disposeAsync())

test('the policies in force are told', () => {
  expect(verdicts.policies.toSorted((a, b) => a.name.localeCompare(b.name))).toEqual([
    { name: 'home', severity: 'critical' },
    { name: 'visitors', severity: 'info' },
  ])
})

test.each<[string, Judged, string, string[]]>([
  ['bytes that a rule flagged', pod, 'forbidden', ['home']],
  [
    'an attempt without a byte, and without a place',
    { ...pod, namespace: 'bank', pod: 'b', country: 'unknown', asNumber: null },
    'forbidden',
    ['home'],
  ],
  ['another country', { ...pod, country: 'DE' }, 'allowed', []],
  ['another network of that country', { ...pod, asNumber: 64_497 }, 'allowed', []],
  ['another pod', { ...pod, pod: 'b' }, 'allowed', []],
  [
    'a visitor, where only outbound connections are judged',
    { ...pod, role: 'server' },
    'unknown',
    [],
  ],
  [
    'a visitor of whom judges visitors',
    { ...pod, namespace: 'web', role: 'server' },
    'allowed',
    [],
  ],
  ['a namespace without a policy', { ...pod, namespace: 'games' }, 'unknown', []],
  ['a process of the node', { ...pod, namespace: null, pod: null }, 'unknown', []],
  [
    'an address that is not the internet',
    { ...pod, country: 'none', asNumber: null },
    'unknown',
    [],
  ],
  ['a place that is not known', { ...pod, country: 'unknown', asNumber: null }, 'unknown', []],
])('%s', (_, judged, verdict, violates) => {
  expect(verdicts.judge(judged)).toEqual({ verdict, violates })
})

/** Two minutes of these series, each 1, that end now. */
function record(folder: string, series: readonly string[]): void {
  const end = Math.floor(Date.now() / 1_000)
  const lines = series.flatMap(name =>
    Array.from({ length: 13 }, (_, step) => `${name} 1 ${end - 120 + step * 10}`),
  )
  writeFileSync(join(folder, 'samples.txt'), [...lines, '# EOF', ''].join('\n'))
  mkdirSync(join(folder, 'data'))
  const words = ['tsdb', 'create-blocks-from', 'openmetrics', join(folder, 'samples.txt')]
  execFileSync('promtool', [...words, join(folder, 'data')])
}
