import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { apiOf } from '../dashboards/api.ts'
import { checkDashboard, tableOf, type Checked } from '../dashboards/check.ts'
import { emptyWhenWell } from '../dashboards/empty-when-well.ts'
import { dashboards } from '../dashboards/read.ts'
import { record } from '../dashboards/record.ts'
import { places } from './addresses.ts'
import { nodeName } from './certificates.ts'
import { create, createPod, podAddress, podOf } from './example/pod.ts'
import { chart } from './install.ts'
import { createNamespace } from './namespace.ts'
import { kubectl, serviceUrl } from './running.ts'

// A Grafana cannot be had here. What it would ask is asked instead, and what the chart would give it is looked at.
const namespaces = ['panels', 'panels-store']
const farNode = { name: 'panels-node', address: places[3].address }
// The rules look back five minutes, and the counters of a young cluster are younger than that.
const patience = { timeout: 180_000, interval: 5_000 }
const checked: [name: string, Checked][] = []

beforeAll(async () => {
  const zone = 'topology.kubernetes.io/zone'
  await kubectl(['label', '--overwrite', 'node', nodeName, `${zone}=zone-a`])
  const taints = [{ key: 'example.com/none', effect: 'NoSchedule' }]
  const metadata = { name: farNode.name, labels: { [zone]: 'zone-b' } }
  await create({ apiVersion: 'v1', kind: 'Node', metadata, spec: { taints } })
  const addresses = [{ type: 'InternalIP', address: farNode.address }]
  const status = JSON.stringify({ status: { addresses } })
  await kubectl(['patch', 'node', farNode.name, '--subresource=status', '--patch', status])
  for (const namespace of namespaces) await createNamespace(kubectl, namespace)
  await createPod('panels-store', 'store', podOf({ pages: ['serve', '0.0.0.0:7000'] }))
  const store = await podAddress('panels-store', 'store')
  const each = 'send=4000,receive=9000,repeat'
  await createPod(
    'panels',
    'caller',
    podOf({
      world: ['call', ...places.map(({ address }) => `${address}:7000,${each}`)],
      store: ['call', `${store}:7000,${each}`],
      names: ['ask', `${places[0].address}:7000,send=300,stream`],
      // Nobody listens there.
      refused: ['call', `${places[1].address}:7999`],
    }),
  )
})

afterAll(async () => {
  console.log(tableOf(checked))
  const file = process.env['PODATLAS_RECORD']
  if (file !== undefined) {
    // Enough for rates over a minute at any moment of it.
    await sleep(150_000)
    await record(await serviceUrl('podatlas-prometheus'), Date.now() / 1_000, file)
  }
  await kubectl(['delete', 'node', farNode.name])
  await kubectl(['delete', 'namespace', ...namespaces, '--wait=false'])
})

test.each(dashboards)(
  'every query of $name answers in the cluster',
  async ({ name, dashboard }) => {
    const api = apiOf(await serviceUrl('podatlas-prometheus'))
    const result = await vi.waitFor(async () => {
      const now = await checkDashboard(api, Date.now() / 1_000, dashboard, emptyWhenWell[name])
      expect(now).toMatchObject({ empty: [], faults: [] })
      return now
    }, patience)
    checked.push([name, result])
  },
)

test.each(dashboards)(
  '$name is in the cluster, with how often this release has samples',
  async ({ name }) => {
    const [stored, file] = [`podatlas-dashboard-${name}`, `${name}.json`]
    const path = `jsonpath={.data.${file.replaceAll('.', String.raw`\.`)}}`
    const content = await kubectl(['-n', 'podatlas', 'get', 'configmap', stored, '-o', path])
    const own = readFileSync(join(chart, 'files/dashboards', file), 'utf8')
    expect(content).toBe(own.replaceAll('"interval":"10s"', '"interval":"2s"'))
  },
)
