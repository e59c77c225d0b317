import { z } from 'zod'
import type { SimulatedCluster } from '../api/collections.ts'
import { nodeNameOf, podLife } from '../api/life.ts'
import { zoneOf } from '../api/node.ts'
import { clusterIpOf } from '../api/service.ts'
import { deploymentCount, deploymentName, namespaceOf, PODS_PER_NODE } from '../api/workloads.ts'

const Answer = z.object({ peers: z.array(z.looseObject({ address: z.string() })) })
type Peer = z.output<typeof Answer>['peers'][number]

/** As many addresses as `peers` takes at once. */
const BATCH = 10_000

/** What `peers` must say of every address in the cluster, as it is now. */
export function expectedPeers(cluster: SimulatedCluster): Peer[] {
  const peers: Peer[] = []
  for (let slot = 0; slot < cluster.pods.size; slot++) {
    const pod = podLife(slot, cluster.pods.history.stepOf(slot))
    if (pod?.podIp === undefined || pod.workload.isHostNetwork) continue
    const { name: workload, kind: workloadKind, namespace } = pod.workload
    const node = Math.floor(slot / PODS_PER_NODE)
    const place = { node: nodeNameOf(node), zone: zoneOf(node) }
    peers.push({
      address: pod.podIp,
      kind: 'pod',
      namespace,
      name: pod.name,
      workload,
      workloadKind,
      ...place,
    })
  }
  for (let service = 0; service < deploymentCount(cluster.nodes); service++) {
    const [namespace, name] = [namespaceOf(service), deploymentName(service)]
    peers.push({ address: clusterIpOf(service), kind: 'service', namespace, name })
  }
  return peers
}

/** Asks for all of them. Throws for the first that is answered otherwise. */
export async function requirePeers(url: string, expected: readonly Peer[]): Promise<void> {
  for (let start = 0; start < expected.length; start += BATCH) {
    const batch = expected.slice(start, start + BATCH)
    const body = JSON.stringify({ addresses: batch.map(({ address }) => address) })
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${url}/peers`, { method: 'POST', headers, body })
    if (!answer.ok) throw new Error(`POST /peers: ${answer.status} ${await answer.text()}`)
    const { peers } = Answer.parse(await answer.json())
    batch.forEach((want, index) => {
      const got = peers[index] ?? { address: 'none' }
      const wrong = Object.entries(want).filter(([field, value]) => got[field] !== value)
      if (wrong.length > 0)
        throw new Error(`peers says ${JSON.stringify(got)}, it should be ${JSON.stringify(want)}`)
    })
  }
}
