import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { run } from '../image/run.ts'
import { toolPath } from '../tools/tool.ts'
import { createPod, podOf, untilDone } from './example/pod.ts'
import { chart, helmOf } from './install.ts'
import { createNamespace } from './namespace.ts'
import { folders, kubectl, promql, type Row } from './running.ts'

const alertOf = (name: string) => `ALERTS{alertname="${name}",alertstate="firing"}`
/** From the last byte to the alert: what the chart promises with its own, longer intervals. */
const withinPromise = { timeout: 30_000, interval: 500 }
const [berlin, tokyo, durban] = ['192.0.2.10', '192.0.2.20', '192.0.2.40']

beforeAll(async () => {
  for (const name of ['fenced', 'free']) await createNamespace(kubectl, name)
})
afterAll(() => kubectl(['delete', 'namespace', 'fenced', 'free', '--wait=false']))

test('a pod that reaches a country which its policy forbids is told within 30 s, and nobody else is', async () => {
  const exchange = 'send=4096,receive=100'
  const both = ['call', `${berlin}:7000,${exchange}`, `${tokyo}:7000,${exchange}`]
  const onlyGermany = ['call', `${berlin}:7000,${exchange}`]
  await createPod('free', 'rogue', podOf({ rogue: both }))
  await createPod('fenced', 'honest', podOf({ honest: onlyGermany }))
  await untilDone('free', ['rogue/rogue'])
  await untilDone('fenced', ['honest/honest'])
  await createPod('fenced', 'rogue', podOf({ rogue: both }))
  await untilDone('fenced', ['rogue/rogue'])
  const [alert] = await firing('PodatlasGeofenceViolation')
  expect(alert?.labels).toMatchObject({
    k8s_namespace: 'fenced',
    k8s_pod: 'rogue',
    country: 'JP',
    policy: 'stays-in-germany',
    severity: 'critical',
  })
  // The same traffic, placed in the same country, where no policy is.
  const placed = 'namespace_pod_country:podatlas_transmit_bytes:rate5m{country="JP"} > 0'
  await vi.waitFor(async () => {
    const names = (await promql(placed)).map(({ labels }) => labels['k8s_namespace'])
    expect(names).toEqual(expect.arrayContaining(['fenced', 'free']))
  }, withinPromise)
  expect(await promql(alertOf('PodatlasGeofenceViolation'))).toHaveLength(1)
})

test('an attempt that a firewall drops is told as well', async () => {
  const rule = ['FORWARD', '-p', 'tcp', '-d', durban, '--dport', '7009', '-j', 'DROP']
  await run('iptables', ['--wait', '-I', ...rule])
  try {
    const silent = podOf({ caller: ['call', `${durban}:7009,patience=1000`] })
    for (const namespace of ['free', 'fenced']) await createPod(namespace, 'blocked', silent)
    await vi.waitFor(async () => {
      const failed = 'sum by (k8s_namespace) (podatlas_connections_failed_total{k8s_pod="blocked"})'
      expect(await promql(`${failed} > 0`)).toHaveLength(2)
    }, withinPromise)
    const [alert] = await firing('PodatlasGeofenceAttempt')
    expect(alert?.labels).toMatchObject({
      k8s_namespace: 'fenced',
      k8s_pod: 'blocked',
      country: 'ZA',
      policy: 'stays-in-germany',
    })
    const sent = 'podatlas_transmit_bytes_total{k8s_namespace="fenced",k8s_pod="blocked"}'
    expect(await promql(`${sent} > 0`)).toEqual([])
  } finally {
    await run('iptables', ['--wait', '-D', ...rule])
  }
})

test('the notes of the release warn of a policy for a namespace that is not there', async () => {
  const notes = await helmOf(folders)('status')
  expect(notes).toContain(
    'WARNING: geofence.policies.stays-in-germany: there is no namespace nowhere yet.',
  )
})

test('podatlas policy check in the pod of geoip says by its exit code whether a policy would have flagged anything', async () => {
  expect(await check({ cold: { deny: { countries: ['AQ'] } } })).toContain('cold: nothing')
  // What another namespace did is found before there is any policy for it.
  const home = { namespaces: ['free'], allow: { countries: ['DE'] } }
  await expect(check({ home })).rejects.toThrow('exit code 1')
})

/** What the command in the pod prints about policies, whose rules it is handed. Throws unless it ends with 0. */
async function check(policies: object): Promise<string> {
  const values = `--set-json=geofence.policies=${JSON.stringify(policies)}`
  const words = ['template', 'podatlas', chart, '--show-only=templates/rules.yaml', values]
  const rules = await run(toolPath('helm'), words)
  const command = ['podatlas', 'policy', 'check', '-f', '-', '--since', '1h']
  const inPod = ['-n', 'podatlas', 'exec', '-i', 'deployment/podatlas-geoip', '--', ...command]
  return await kubectl([...inPod, '-p', 'http://podatlas-prometheus:9090'], rules)
}

/** The one alert of that name that fires, within the time promised; shown to who looks on. */
async function firing(name: string): Promise<Row[]> {
  const startedMs = Date.now()
  const alerts = await vi.waitFor(async () => {
    const rows = await promql(alertOf(name))
    expect(rows).toHaveLength(1)
    return rows
  }, withinPromise)
  console.log(`${((Date.now() - startedMs) / 1_000).toFixed(1)} s:`, alerts[0]?.labels)
  return alerts
}
