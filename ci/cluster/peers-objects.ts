import { podOf } from './example/pod.ts'

export const service = '203.0.113.2'
/** Stands in for a second node: an address outside that a Node object says is its own. */
export const far = { name: 'far-node', address: '192.0.2.20' }

const labels = { app: 'web' }
/** A server of which the Deployment makes the pod. */
export const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'store' },
  spec: {
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: podOf({ pages: ['serve', '0.0.0.0:7000'] }) },
  },
}
export const webService = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'store' },
  spec: { clusterIP: service, selector: labels, ports: [{ port: 80, targetPort: 7000 }] },
}
/** Nothing can run there, so nobody waits for its pods. */
export const farNode = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: far.name, labels: { 'topology.kubernetes.io/zone': 'zone-b' } },
  spec: { taints: [{ key: 'example.com/none', effect: 'NoSchedule' }] },
}
/** A patch of its status: what is created has none. */
export const farStatus = JSON.stringify({
  status: { addresses: [{ type: 'InternalIP', address: far.address }] },
})
