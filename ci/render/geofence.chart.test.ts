import { execFile } from 'node:child_process'
import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { toolPath } from '../tools/tool.ts'
import { fileOf, render } from './helm.ts'

type Other = { readonly ip: string; readonly country?: string; readonly asn?: string }

/** The other ends, by what is known of them; documentation addresses stand for the public ones. */
const ends = {
  german: { ip: '192.0.2.1', country: 'DE', asn: '64496' },
  french: { ip: '192.0.2.2', country: 'FR', asn: '64497' },
  american: { ip: '192.0.2.3', country: 'US', asn: '64498' },
  /** A network of Germans in America. */
  abroad: { ip: '192.0.2.4', country: 'US', asn: '64496' },
  /** Placed by a database, in none of its networks. */
  netless: { ip: '192.0.2.5', country: 'JP' },
  unplaced: { ip: '192.0.2.6', country: 'unknown' },
  private: { ip: '10.0.0.9' },
  folded: { ip: '198.51.100.0/24' },
  other: { ip: 'other' },
} satisfies Record<string, Other>
type End = keyof typeof ends

const forbiddenAbroad: End[] = ['french', 'american', 'abroad', 'netless']

/** Name, policy, and whom it forbids to pods of namespace shop. */
const policies: readonly (readonly [string, object, readonly End[]])[] = [
  ['allow', { allow: { countries: ['DE'] } }, forbiddenAbroad],
  ['allow-two', { allow: { countries: ['DE', 'US'] } }, ['french', 'netless']],
  ['deny', { deny: { countries: ['US'] } }, ['american', 'abroad']],
  [
    'deny-wins',
    { allow: { countries: ['DE', 'US'] }, deny: { asns: [64_496] } },
    ['german', 'french', 'abroad', 'netless'],
  ],
  ['allow-asn', { allow: { asns: ['AS64496'] } }, ['french', 'american', 'netless']],
  ['allow-both', { allow: { countries: ['FR'], asns: [64_496] } }, ['american', 'netless']],
  ['deny-asn', { deny: { asns: [64_497, 'AS64498'] } }, ['french', 'american']],
  ['deny-both', { deny: { countries: ['FR'], asns: [64_498] } }, ['french', 'american']],
  [
    'unknown',
    { allow: { countries: ['DE'] }, unknown: 'violation' },
    [...forbiddenAbroad, 'unplaced'],
  ],
  [
    'unknown-denied',
    { deny: { countries: ['US'] }, unknown: 'violation' },
    ['american', 'abroad', 'unplaced'],
  ],
  ['all-namespaces', { deny: { countries: ['FR'] }, namespaces: [] }, ['french']],
  ['two-namespaces', { deny: { countries: ['FR'] }, namespaces: ['web', 'shop'] }, ['french']],
  ['elsewhere', { allow: { countries: ['DE'] }, namespaces: ['sho', 'shop-2'] }, []],
  ['inbound', { allow: { countries: ['DE'] }, connections: 'inbound' }, []],
  ['all-connections', { deny: { countries: ['FR'] }, connections: 'all' }, ['french']],
]

test.each(['transmit_bytes', 'receive_bytes', 'connections'] as const)(
  'each policy flags what it forbids and nothing else, by %s',
  async signal => {
    const record = signal === 'connections' ? 'connections' : 'bytes'
    const direction = signal.replace('_bytes', '')
    const samples = policies.flatMap(([policy, , forbidden]) =>
      forbidden.map(end => ({ labels: violation(policy, end), value: 1 })),
    )
    const query = `count by (policy, country, asn${record === 'bytes' ? ', direction' : ''}) (namespace_pod_country:podatlas_geofence_violation_${record}:rate5m)`
    const expected = samples.map(({ labels, value }) => ({
      labels: record === 'bytes' ? labels.replace('}', `,direction="${direction}"}`) : labels,
      value,
    }))
    await promtool(await rules(), signal, 'client', query, expected)
  },
)

test('visitors are the business of policies about inbound connections', async () => {
  const query =
    'count by (policy, country, asn) (namespace_pod_country:podatlas_geofence_violation_bytes:rate5m)'
  const flagged: [string, End][] = [
    ...forbiddenAbroad.map((end): [string, End] => ['inbound', end]),
    ['all-connections', 'french'],
  ]
  const expected = flagged.map(([policy, end]) => ({ labels: violation(policy, end), value: 1 }))
  await promtool(await rules(), 'receive_bytes', 'server', query, expected)
})

test('geoip and Prometheus learn of new places every 5 s where there is a policy, unless they are faster', async () => {
  const policy = '--set-json=geofence.policies={"a":{"deny":{"countries":["AQ"]}}}'
  expect(await scrapes()).toBe(undefined)
  expect(await scrapes(policy)).toBe('5s')
  expect(await scrapes(policy, '--set=geoip.interval=1h')).toBe('5s')
  expect(await scrapes(policy, '--set=geoip.interval=3s')).toBe('3s')
  expect(await scrapes(policy, '--set=prometheus.scrapeInterval=2s')).toBe(undefined)
  expect(await scrapes('--set=geoip.interval=1h')).toBe(undefined)
})

/** How often Prometheus scrapes geoip, where that is not as often as everything else. */
async function scrapes(...args: string[]): Promise<string | undefined> {
  const config = fileOf(await render(args), 'podatlas-prometheus', 'prometheus.yml')
  return /job_name: geo\n(?: *#.*\n)? *scrape_interval: (\w+)\n/.exec(config)?.[1]
}

/** The rules that the chart makes of all policies, each for namespace shop unless it says otherwise. */
async function rules(): Promise<string> {
  const named = policies.map(([name, policy]) => [name, { namespaces: ['shop'], ...policy }])
  const values = JSON.stringify(Object.fromEntries(named))
  return fileOf(
    await render([`--set-json=geofence.policies=${values}`]),
    'podatlas-rules',
    'rules.yml',
  )
}

function violation(policy: string, end: End): string {
  const { country, asn }: Other = ends[end]
  const network = asn === undefined ? '' : `,asn="${asn}"`
  return `{policy="${policy}",country="${country}"${network}}`
}

/** Asks promtool after ten minutes in which a pod of shop exchanged something with each of the ends. */
async function promtool(
  ruleFile: string,
  signal: string,
  role: string,
  expr: string,
  samples: readonly { labels: string; value: number }[],
): Promise<void> {
  const pod = `k8s_namespace="shop",k8s_pod="a",role="${role}"`
  const name = { connections: 'connections_failed_total' }[signal] ?? `${signal}_total`
  const series = Object.values<Other>(ends).flatMap(({ ip, country, asn }) => {
    const traffic = { series: `podatlas_${name}{${pod},destination_ip="${ip}"}`, values: '0+60x60' }
    if (country === undefined) return [traffic]
    const labels = `destination_ip="${ip}",country="${country}",asn="${asn ?? ''}"`
    return [traffic, { series: `podatlas_geo_info{${labels}}`, values: '1x60' }]
  })
  using folder = mkdtempDisposableSync(join(tmpdir(), 'podatlas-geofence-'))
  writeFileSync(join(folder.path, 'rules.yml'), ruleFile)
  const file = join(folder.path, 'test.json')
  const promql = [{ expr, eval_time: '10m', exp_samples: samples }]
  const tests = [{ interval: '30s', input_series: series, promql_expr_test: promql }]
  writeFileSync(
    file,
    JSON.stringify({ rule_files: ['rules.yml'], evaluation_interval: '30s', tests }),
  )
  // On a fault promtool prints the difference and exits with 1.
  await promisify(execFile)(toolPath('prometheus', 'promtool'), ['test', 'rules', file])
}
