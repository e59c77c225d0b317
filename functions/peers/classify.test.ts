import { expect, test } from 'vitest'
import { demoCluster } from './test/cluster.ts'
import { node, pod } from './test/objects.ts'

test.each([
  ['203.0.113.9', 'internet'],
  ['2001:db8::1', 'internet'],
  ['10.1.2.3', 'private'],
  ['fd12::1', 'private'],
  ['169.254.169.254', 'link_local'],
  ['224.0.0.251', 'multicast'],
  ['127.0.0.1', 'loopback'],
  ['0.0.0.0', 'special'],
  ['10.99.1.2', 'pod_network'],
])('%s, which nobody owns, is %s', (address, kind) => {
  const { peer } = demoCluster({ podNetworks: ['10.99.0.0/16'] })
  expect(peer(address)).toEqual({ address, kind })
})

test('an address from which a node serves its pods tells the node', () => {
  const { put, remove, peer } = demoCluster({ podNetworks: ['10.244.0.0/16'] })
  const one = node('node-1', ['192.168.0.1'], { podCIDRs: ['10.244.1.0/24', 'fd00:1::/64'] })
  put('nodes', one)
  expect(peer('10.244.1.1')).toMatchObject({ kind: 'pod_network', node: 'node-1' })
  expect(peer('fd00:1::1')).toMatchObject({ kind: 'pod_network', node: 'node-1' })
  expect(peer('10.244.2.1')).toEqual({ address: '10.244.2.1', kind: 'pod_network' })
  remove('nodes', one)
  expect(peer('10.244.1.1')).toEqual({ address: '10.244.1.1', kind: 'pod_network' })
  expect(peer('fd00:1::1').kind).toBe('private')
})

test('a node that is replaced by one with its pod network loses it without harm to the other', () => {
  const { put, remove, peer } = demoCluster()
  const [old, fresh] = ['old', 'fresh'].map(name => node(name, [], { podCIDRs: ['10.244.1.0/24'] }))
  if (!old || !fresh) throw new Error('no nodes')
  put('nodes', old, fresh)
  remove('nodes', old)
  expect(peer('10.244.1.9')).toMatchObject({ kind: 'pod_network', node: 'fresh' })
})

test('addresses that were seen become series while nobody owns them, folded networks too', () => {
  const { put, remove, strangers, series } = demoCluster()
  const seen = ['203.0.113.9', '10.244.0.7', '198.51.100.0/24', '2001:db8:1::/48', 'other', '::/48']
  strangers.see(seen, 0)
  put('pods', pod('a', ['10.244.0.7']))
  const lines = () => series('c').map(line => line.replace('podatlas_peer_info{cluster="c",', ''))
  expect(lines()).toEqual([
    'destination_ip="10.244.0.7",peer_namespace="shop",peer_name="a",peer_workload="a",peer_workload_kind="Pod",peer_node="node-1",peer_kind="pod"} 1',
    'destination_ip="198.51.100.0/24",peer_kind="internet"} 1',
    'destination_ip="2001:db8:1::/48",peer_kind="internet"} 1',
    'destination_ip="203.0.113.9",peer_kind="internet"} 1',
  ])
  remove('pods', pod('a', []))
  expect(lines()).toContain('destination_ip="10.244.0.7",peer_kind="private"} 1')
})

test('a target stays known for ten minutes after it was last seen', () => {
  const { strangers, series } = demoCluster()
  strangers.see(['203.0.113.1', '203.0.113.2'], 0)
  strangers.see(['203.0.113.2'], 60_000)
  strangers.expire(600_001)
  expect(series()).toEqual([
    'podatlas_peer_info{destination_ip="203.0.113.2",peer_kind="internet"} 1',
  ])
  strangers.expire(660_001)
  expect(series()).toEqual([])
})

test('more targets than fit are counted, and those that are known stay', () => {
  const { strangers, series } = demoCluster()
  expect(strangers.see(targets(0), 0)).toBe(0)
  expect(strangers.see(targets(5), 1)).toBe(5)
  expect(series()).toHaveLength(10)
})

function targets(start: number): string[] {
  return Array.from({ length: 10 }, (_, index) => `203.0.113.${start + index}`)
}
