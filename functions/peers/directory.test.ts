import { expect, test } from 'vitest'
import { demoCluster } from './test/cluster.ts'
import { deployed, node, pod, service, slice } from './test/objects.ts'

test('a pod has all its addresses, its workload, its node and the zone of that', () => {
  const { put, series } = demoCluster()
  put('nodes', node('node-1', ['192.168.0.1'], { zone: 'eu-1a' }))
  put('pods', deployed('checkout', 'x2x4z', ['10.244.0.7', 'FD00:10::0007']))
  const labels =
    'peer_namespace="shop",peer_name="checkout-7d9c5b6f84-x2x4z",peer_workload="checkout",peer_workload_kind="Deployment",peer_zone="eu-1a",peer_node="node-1",peer_kind="pod"'
  expect(series('prod')).toEqual([
    `podatlas_peer_info{cluster="prod",destination_ip="10.244.0.7",${labels}} 1`,
    'podatlas_peer_info{cluster="prod",destination_ip="192.168.0.1",peer_name="node-1",peer_zone="eu-1a",peer_node="node-1",peer_kind="node"} 1',
    `podatlas_peer_info{cluster="prod",destination_ip="fd00:10::7",${labels}} 1`,
  ])
})

test('the zone of a pod follows its node, whichever of them is known first', () => {
  const { put, remove, peer } = demoCluster()
  put('pods', pod('a', ['10.244.0.7']))
  expect(peer('10.244.0.7')).not.toHaveProperty('zone')
  put('nodes', node('node-1', [], { zone: 'eu-1a' }))
  expect(peer('10.244.0.7').zone).toBe('eu-1a')
  put('nodes', node('node-1', [], { zone: 'eu-1b' }))
  expect(peer('10.244.0.7').zone).toBe('eu-1b')
  remove('nodes', node('node-1', []))
  expect(peer('10.244.0.7')).not.toHaveProperty('zone')
})

test('an address on the host network belongs to the node, not to the pods that use it', () => {
  const { put, peer } = demoCluster()
  put('pods', pod('proxy', ['192.168.0.1'], { hostNetwork: true }))
  expect(peer('192.168.0.1').kind).toBe('private')
  put('nodes', node('node-1', ['192.168.0.1']))
  put('pods', pod('liar', ['192.168.0.1']))
  expect(peer('192.168.0.1')).toMatchObject({ kind: 'node', name: 'node-1' })
})

test('a service has its cluster addresses, those of its balancer and external ones; None is none', () => {
  const { put, peer, series } = demoCluster()
  put(
    'services',
    service('web', ['10.96.0.7', 'fd00:96::7'], {
      balancer: ['192.0.2.10'],
      externalIPs: ['192.0.2.11'],
    }),
    service('headless', ['None']),
  )
  for (const address of ['10.96.0.7', 'fd00:96::7', '192.0.2.10', '192.0.2.11']) {
    expect(peer(address)).toEqual({ address, kind: 'service', namespace: 'shop', name: 'web' })
  }
  expect(series()).toHaveLength(4)
})

test('an external address takes the name of no pod away, and of no node and service', () => {
  const { put, peer } = demoCluster()
  const stolen = ['10.244.0.7', '192.168.0.1', '10.96.0.7']
  put('services', service('thief', [], { externalIPs: stolen, balancer: stolen }))
  put('services', service('web', ['10.96.0.7']))
  put('pods', pod('a', ['10.244.0.7']))
  put('nodes', node('node-1', ['192.168.0.1']))
  expect(stolen.map(address => peer(address).name)).toEqual(['a', 'node-1', 'web'])
})

test('of two pods with one address the newer has it, in whatever order they come', () => {
  const older = pod('older', ['10.244.0.7'], { created: '2026-11-01T10:00:00Z' })
  const newer = pod('newer', ['10.244.0.7'], { created: '2026-11-01T10:00:01Z' })
  for (const order of [
    [older, newer],
    [newer, older],
  ]) {
    const { put, remove, peer, series } = demoCluster()
    put('pods', ...order)
    expect(peer('10.244.0.7').name).toBe('newer')
    expect(series()).toHaveLength(1)
    remove('pods', newer)
    expect(peer('10.244.0.7').name).toBe('older')
    remove('pods', older)
    expect(series()).toEqual([])
  }
})

test('a pod that is being deleted keeps its address until another gets it', () => {
  const { put, peer } = demoCluster()
  const ending = { created: '2026-11-01T10:00:01Z', deleted: '2026-11-01T11:00:00Z' }
  put('pods', pod('ending', ['10.244.0.7'], ending))
  expect(peer('10.244.0.7').name).toBe('ending')
  put('pods', pod('next', ['10.244.0.7'], { created: '2026-11-01T10:00:00Z' }))
  expect(peer('10.244.0.7').name).toBe('next')
})

test.each(['Succeeded', 'Failed'])('a pod that has %s owns nothing any more', phase => {
  const { put, series, directory } = demoCluster()
  put('pods', pod('job', ['10.244.0.7']))
  put('pods', pod('job', ['10.244.0.7'], { phase }))
  expect(series()).toEqual([])
  expect(directory.keepers.pods.size()).toBe(0)
})

test('a pod that gets its address later, and one that changes it, are followed', () => {
  const { put, series } = demoCluster()
  put('pods', pod('a', [], { phase: 'Pending' }))
  expect(series()).toEqual([])
  put('pods', pod('a', ['10.244.0.7']))
  put('pods', pod('a', ['10.244.0.8']))
  expect(series().map(line => /destination_ip="([^"]*)"/.exec(line)?.[1])).toEqual(['10.244.0.8'])
})

test('what is missing in a new list is gone, and what is new in it is there', () => {
  const { list, series } = demoCluster()
  list({ pods: [pod('a', ['10.244.0.1']), pod('b', ['10.244.0.2'])] })
  list({ pods: [pod('b', ['10.244.0.2']), pod('c', ['10.244.0.1'])] })
  expect(series().map(line => /peer_name="([^"]*)"/.exec(line)?.[1])).toEqual(['c', 'b'])
})

test('behind a service stand the endpoints of all its slices, with the pods that they are', () => {
  const { put, remove, peerWithEndpoints } = demoCluster()
  put('services', service('web', ['10.96.0.7']))
  put('pods', deployed('web', 'a', ['10.244.0.1']), deployed('web', 'b', ['10.244.0.2']))
  const second = slice('web', [{ address: '10.244.0.1', pod: 'web-a' }], { name: 'web-2' })
  put(
    'endpointslices',
    slice('web', [{ address: '10.244.0.2', ready: false, pod: 'web-b' }]),
    second,
  )
  expect(peerWithEndpoints('10.96.0.7').endpoints).toMatchObject([
    { address: '10.244.0.2', ready: false, kind: 'pod', name: 'web-7d9c5b6f84-b' },
    { address: '10.244.0.1', ready: true, kind: 'pod', workload: 'web' },
  ])
  remove('endpointslices', second)
  expect(peerWithEndpoints('10.96.0.7').endpoints).toHaveLength(1)
})

test('an API server that is no pod is named by its service, a public endpoint is not', () => {
  const { put, peer } = demoCluster()
  const endpoints = [{ address: '172.16.0.1' }, { address: '203.0.113.9' }]
  put('endpointslices', slice('kubernetes', endpoints, { namespace: 'default' }))
  expect(peer('172.16.0.1')).toMatchObject({ kind: 'service', name: 'kubernetes' })
  expect(peer('203.0.113.9').kind).toBe('internet')
})

test('beyond the bound nothing is known, all of it is counted, and room that is freed is used', () => {
  const { put, remove, leftOut, directory, series } = demoCluster({ maxPeers: 2 })
  put('nodes', node('node-1', ['192.168.0.1']))
  put('pods', pod('a', ['10.244.0.1', 'fd00::1']), pod('b', ['10.244.0.2']))
  expect(series()).toHaveLength(2)
  expect(leftOut).toEqual({ pod: 2 })
  expect(directory.keepers.pods.size()).toBe(1)
  remove('pods', pod('a', []))
  put('pods', pod('b', ['10.244.0.2']))
  expect(series().join()).toContain('peer_name="b"')
  const endpoints = ['10.244.0.1', '10.244.0.2', '10.244.0.3'].map(address => ({ address }))
  put('endpointslices', slice('web', endpoints))
  expect(leftOut).toEqual({ pod: 2, endpoint: 3 })
})

test('a flood of pods in, pods out leaves nothing behind', () => {
  const { put, remove, directory } = demoCluster({ maxPeers: 50 })
  const pods = Array.from({ length: 500 }, (_, index) =>
    pod(`p${index}`, [`10.244.${index % 7}.${index % 50}`], { namespace: `ns${index % 9}` }),
  )
  put('pods', ...pods)
  for (const one of pods) remove('pods', one)
  expect([directory.owners.size(), directory.keepers.pods.size()]).toEqual([0, 0])
})

test.each([
  ['nothing at all', {}, ['pods no_name']],
  ['a name alone', { metadata: { name: 'a' } }, ['pods no_status']],
  ['lists that are none', { ...pod('a', []), status: { podIPs: 'many' } }, []],
  ['a status that is null', { metadata: { name: 'a' }, spec: null, status: null }, []],
])('a pod of %s is counted and hurts nobody', (_, object, expected) => {
  const { put, faults, series } = demoCluster()
  put('pods', pod('good', ['10.244.0.1']), object)
  expect(faults).toEqual(expected)
  expect(series()).toHaveLength(1)
})

test('strange addresses are left out one by one', () => {
  const { put, faults, series } = demoCluster()
  put('pods', pod('a', ['10.244.0.1', '10.244.0.999']))
  put('nodes', node('node-1', ['nowhere'], { podCIDRs: ['10.244.0.0/99'] }))
  put('services', service('web', ['10.96.0.7', 'ten']))
  expect(faults).toEqual([
    'pods bad_address',
    'nodes bad_address',
    'nodes bad_address',
    'services bad_address',
  ])
  expect(series()).toHaveLength(2)
})

test('names with quotes and line feeds break no line', () => {
  const { put, series } = demoCluster()
  put('pods', pod('a"b\\c\nd', ['10.244.0.1']))
  expect(series()[0]).toContain('peer_name="a\\"b\\\\c\\nd"')
})
