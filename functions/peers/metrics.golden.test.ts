import { join } from 'node:path'
import { expect, test } from 'vitest'
import { infoSeries } from './info-series.ts'
import { peersMetrics } from './metrics.ts'
import { demoCluster } from './test/cluster.ts'
import { deployed, node, pod, service, slice } from './test/objects.ts'

test('/metrics as a whole', async () => {
  const { put, directory, strangers } = demoCluster()
  put(
    'nodes',
    node('node-1', ['192.168.0.1', 'fd00:1::1'], { podCIDRs: ['10.244.1.0/24'] }),
    node('node-2', ['192.168.0.2'], { zone: '' }),
  )
  put('services', service('web', ['10.96.0.7']))
  put(
    'pods',
    deployed('checkout', 'a', ['10.244.1.7', 'fd00:10::7']),
    pod('db-0', ['10.244.2.8'], { node: 'node-2', owner: { kind: 'StatefulSet', name: 'db' } }),
    pod('proxy', ['192.168.0.1'], { hostNetwork: true }),
  )
  put('endpointslices', slice('web', [{ address: '10.244.1.7', pod: 'checkout' }]))
  strangers.see(['203.0.113.9', '10.244.1.1', '10.1.2.3'], 0)
  const metrics = peersMetrics({
    maxPeers: 1_000,
    sizes: {
      objects: () => ({ nodes: 2, services: 1, pods: 2, endpointslices: 1 }),
      claims: directory.owners.size,
      strangers: strangers.size,
    },
  })
  metrics.countLeftOut('pod', 'max_peers', 3)
  metrics.countFault('pods', 'bad_address')
  metrics.countFailure('pods', 'watch', 'status_403')
  metrics.countEvent('pods', 'MODIFIED')
  metrics.countList('pods')
  metrics.setContact('pods', 1_780_000_000_000)
  metrics.countQueryFailure('timeout')
  const series = [...infoSeries(directory, strangers, 'prod')].join('')
  await expect(`${await metrics.registry.metrics()}${series}`).toMatchFileSnapshot(
    join(import.meta.dirname, 'test/golden/metrics.prom'),
  )
})
