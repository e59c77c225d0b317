import { beforeAll, afterAll, expect, test, vi } from 'vitest'
import { addresses } from './addresses.ts'
import { untilAgreed } from './agreement.ts'
import { nodeName } from './certificates.ts'
import { podCounts } from './example/counts.ts'
import { create, createPod, podOf, untilDone } from './example/pod.ts'
import { createNamespace } from './namespace.ts'
import { bytesByOwner } from './peers-join.ts'
import { deployment, far, farNode, farStatus, service, webService } from './peers-objects.ts'
import { ruleOverCounters } from './peers-rules.ts'
import { kubectl, promql } from './running.ts'

/** What each container of the caller sends, and to whom. */
const sent = { pod: 10_007, service: 20_011, node: 30_011, far: 40_009, world: 50_021 } as const
const total = Object.values(sent).reduce((sum, bytes) => sum + bytes, 0)
const gate = `${addresses.node}:7071`
const patience = { timeout: 60_000, interval: 500 }

beforeAll(async () => {
  const places = ['topology.kubernetes.io/zone=zone-a', 'topology.kubernetes.io/region=region-1']
  await kubectl(['label', '--overwrite', 'node', nodeName, ...places])
  await createNamespace(kubectl, 'store')
  await createNamespace(kubectl, 'callers')
  await create(deployment, webService, farNode)
  await kubectl(['patch', 'node', far.name, '--subresource=status', '--patch', farStatus])
  await createPod('store', 'gate', { ...podOf({ gate: ['serve', gate] }), hostNetwork: true })
  await kubectl(['-n', 'store', 'wait', '--for=create', 'pods', '-l', 'app=web', '--timeout=60s'])
  const ready = ['wait', '--for=condition=Ready', 'pods', '--all', '--timeout=60s']
  await kubectl(['-n', 'store', ...ready])

  const caller = podOf({
    pod: call(`${await webPod('status.podIP')}:7000`, sent.pod),
    service: call(`${service}:80`, sent.service),
    node: call(gate, sent.node),
    far: call(`${far.address}:7000`, sent.far),
    world: call('192.0.2.10:7000', sent.world),
  })
  await createPod('callers', 'caller', caller)
  await untilDone(
    'callers',
    Object.keys(sent).map(name => `caller/${name}`),
  )
  await untilAgreed('callers')
})

afterAll(() => kubectl(['delete', 'node', far.name]))

test('bytes sent to a pod belong to it, to its Deployment, and to the zone of its node', async () => {
  await untilOwned('pod', {
    peer_kind: 'pod',
    peer_namespace: 'store',
    peer_name: await webPod('metadata.name'),
    peer_workload: 'web',
    peer_workload_kind: 'Deployment',
    peer_zone: 'zone-a',
    peer_node: nodeName,
  })
})

test('bytes sent to a ClusterIP belong to the Service', () =>
  untilOwned('service', {
    peer_kind: 'service',
    peer_namespace: 'store',
    peer_name: 'web',
  }))

test('bytes sent to a pod on the network of its node belong to the node, whose address it is', () =>
  untilOwned('node', {
    peer_kind: 'node',
    peer_name: nodeName,
    peer_node: nodeName,
    peer_zone: 'zone-a',
  }))

test('bytes sent to another node belong to that, in its own zone', () =>
  untilOwned('far', {
    peer_kind: 'node',
    peer_name: far.name,
    peer_node: far.name,
    peer_zone: 'zone-b',
  }))

test('bytes sent to an address that nobody in the cluster has belong to the internet', () =>
  untilOwned('world', { peer_kind: 'internet' }))

test('podatlas_node_info tells the zone of each node, for a join by source_host', async () => {
  await vi.waitFor(async () => {
    const zones = await promql('sum by (source_host, zone, region) (podatlas_node_info)')
    expect(zones).toHaveLength(2)
    expect(zones).toEqual(
      expect.arrayContaining([
        { labels: { source_host: nodeName, zone: 'zone-a', region: 'region-1' }, value: 1 },
        { labels: { source_host: far.name, zone: 'zone-b' }, value: 1 },
      ]),
    )
  }, patience)
})

test('the rule by peer adds up to what the pods sent themselves, to the byte', async () => {
  const counts = await podCounts('callers')
  const remotes = [...counts.values()].flatMap(count => Object.values(count.remotes))
  expect(remotes.reduce((sum, { sent: bytes }) => sum + bytes, 0)).toBe(total)

  // geoip may not have placed the address yet.
  await vi.waitFor(async () => {
    const peers = await ruleOverCounters('namespace_peer:podatlas_transmit_bytes:rate5m', 'callers')
    expect(Object.fromEntries(peers.map(({ labels, value }) => [labels['peer'], value]))).toEqual({
      store: sent.pod + sent.service,
      '(node)': sent.node + sent.far,
      'internet DE': sent.world,
    })
  }, patience)
  const zones = await ruleOverCounters(
    'namespace_zone_zone:podatlas_transmit_bytes:rate5m',
    'callers',
  )
  const pairs = zones.map(({ labels, value }) => [
    `${labels['zone']} ${labels['peer_zone']}`,
    value,
  ])
  expect(Object.fromEntries(pairs)).toEqual({
    'zone-a zone-a': sent.pod + sent.node,
    'zone-a zone-b': sent.far,
    'zone-a undefined': sent.service + sent.world,
  })
})

test('what is recorded by locality is all there, and its sum is that by peer', async () => {
  await vi.waitFor(async () => {
    const of = 'namespace_locality:podatlas_transmit_bytes:rate5m{k8s_namespace="callers"} > 0'
    const localities = new Set((await promql(of)).map(({ labels }) => labels['locality']))
    expect(localities).toEqual(new Set(['cross_zone', 'internet', 'same_zone', 'unknown']))
  }, patience)
  const sums = ['locality', 'peer', 'zone_zone'].map(
    level => `sum(namespace_${level}:podatlas_transmit_bytes:rate5m{k8s_namespace="callers"})`,
  )
  // Rules record one after the other, and one may look in between.
  await vi.waitFor(async () => {
    const [all, ...others] = await promql(sums.map((sum, at) => labelled(sum, at)).join(' or '))
    expect(others).toHaveLength(2)
    for (const { value } of others) expect(value).toBeCloseTo(all!.value, 6)
  }, patience)
})

function call(target: string, bytes: number): string[] {
  return ['call', `${target},send=${bytes},receive=1009`]
}

/** Waits until the join says of a container's bytes, all of them, that they went to this owner. */
async function untilOwned(
  container: keyof typeof sent,
  owner: Record<string, string>,
): Promise<void> {
  const labels = { container_name: container, ...owner }
  await vi.waitFor(async () => {
    const matchers = `k8s_namespace="callers",container_name="${container}"`
    expect(await bytesByOwner(matchers)).toEqual([{ labels, value: sent[container] }])
  }, patience)
}

/** Three sums in one query, so that they are of one moment. */
function labelled(sum: string, at: number): string {
  return `label_replace(${sum}, "at", "${at}", "", "")`
}

async function webPod(path: string): Promise<string> {
  return await kubectl([
    '-n',
    'store',
    'get',
    'pod',
    '-l=app=web',
    `-o=jsonpath={.items[0].${path}}`,
  ])
}
