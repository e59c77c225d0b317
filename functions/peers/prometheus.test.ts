import { mkdtempDisposableSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { freePorts } from '../../ci/ports.ts'
import { startProcess, untilText } from '../program/test/process.ts'
import { startPrometheus } from '../program/test/prometheus.ts'
import { startUpstream } from '../program/test/upstream.ts'
import { startFakeApiServer } from './test/fake-api-server.ts'
import type { FakeApiServer } from './test/fake-api-server.ts'
import { deployed, node, pod } from './test/objects.ts'

const traffic = ['10.244.0.7', '192.168.0.1', '203.0.113.9', '198.51.100.0/24', 'other']
  .map(address => `podatlas_transmit_bytes_total{cluster="c",destination_ip="${address}"} 4096\n`)
  .join('')

const stack = new AsyncDisposableStack()
let prometheus = ''
let api: FakeApiServer

beforeAll(async () => {
  const folder = stack.use(mkdtempDisposableSync(join(tmpdir(), 'peers-prometheus-')))
  api = stack.use(await startFakeApiServer())
  api.put('nodes', node('node-1', ['192.168.0.1'], { zone: 'eu-1a' }))
  api.put('nodes', node('node-2', ['192.168.0.2'], { zone: 'eu-1b' }))
  api.put('pods', deployed('checkout', 'a', ['10.244.0.7']))
  const agent = stack.use(
    await startUpstream((_, response) => {
      response.setHeader('content-type', 'text/plain; version=0.0.4')
      response.end(traffic)
    }),
  )
  const [port = 0] = await freePorts('any')
  const flags = ['--api-server', api.url, '--cluster=c', '--interval=1s']
  const words = [...flags, '-p', `http://127.0.0.1:${port}`]
  const peers = stack.use(await startProcess('peers', words))
  await untilText(`${peers.url}/readyz`, (_, status) => status === 200)
  const targets = { agent: [new URL(agent.url).host], peers: [new URL(peers.url).host] }
  prometheus = stack.use(await startPrometheus(folder.path, targets, port)).url
}, 60_000)

afterAll(() => stack.disposeAsync())

test('a join at a past time gives the owner of then, over an address that moves between two scrapes', async () => {
  const atFirst = await untilOwner('checkout-7d9c5b6f84-a')
  api.remove('pods', deployed('checkout', 'a', ['10.244.0.7']))
  api.put('pods', pod('batch', ['10.244.0.7'], { node: 'node-2' }))
  const later = await untilOwner('batch')
  api.remove('pods', pod('batch', ['10.244.0.7']))
  const atLast = await untilOwner(undefined)

  const { peer_name, peer_workload, peer_zone } = (await ownersAt(atFirst))[0] ?? {}
  expect([peer_name, peer_workload, peer_zone]).toEqual([
    'checkout-7d9c5b6f84-a',
    'checkout',
    'eu-1a',
  ])
  expect(await ownersAt(later)).toMatchObject([{ peer_name: 'batch', peer_zone: 'eu-1b' }])
  expect((await ownersAt(atLast)).map(({ peer_kind }) => peer_kind)).toEqual(['private'])
  // At no time does the address have two owners, or the whole join would fail.
  for (let seconds = atFirst; seconds <= atLast; seconds += 0.25) {
    expect((await ownersAt(seconds)).length).toBeLessThan(2)
  }
}, 60_000)

test('addresses of the query get a kind, folded networks too, and a node keeps its own', async () => {
  const kinds = await vi.waitFor(async () => {
    const found = await query('podatlas_peer_info{peer_kind!~"pod|private"}', Date.now() / 1_000)
    expect(found).toHaveLength(4)
    return Object.fromEntries(
      found.map(({ destination_ip, peer_kind }) => [destination_ip, peer_kind]),
    )
  }, 15_000)
  expect(kinds).toEqual({
    '192.168.0.1': 'node',
    '192.168.0.2': 'node',
    '203.0.113.9': 'internet',
    '198.51.100.0/24': 'internet',
  })
  const leftOut = 'podatlas_peers_left_out_total{kind="classified",reason="no_kind"}'
  await vi.waitFor(
    async () => expect(await query(leftOut, Date.now() / 1_000)).toHaveLength(1),
    15_000,
  )
})

/** Seconds since the epoch at which the join gives that pod, or no pod. */
function untilOwner(name: string | undefined): Promise<number> {
  return vi.waitFor(async () => {
    const seconds = Date.now() / 1_000
    const owners = await ownersAt(seconds)
    expect(owners.map(({ peer_name }) => peer_name)).toEqual([name])
    return seconds
  }, 15_000)
}

function ownersAt(seconds: number) {
  const labels = 'peer_name, peer_workload, peer_zone, peer_kind'
  const joined = `* on (cluster, destination_ip) group_left (${labels}) podatlas_peer_info`
  return query(`podatlas_transmit_bytes_total{destination_ip="10.244.0.7"} ${joined}`, seconds)
}

async function query(text: string, seconds: number): Promise<readonly Record<string, string>[]> {
  const words = new URLSearchParams({ query: text, time: String(seconds) })
  const answer = await (await fetch(`${prometheus}/api/v1/query?${words}`)).json()
  expect(answer.error).toBeUndefined()
  return answer.data.result.map(({ metric }: { metric: Record<string, string> }) => metric)
}
