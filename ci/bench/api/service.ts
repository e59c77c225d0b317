import { nodeNameOf, podLife } from './life.ts'
import { managedFields, managedOnce } from './managed-fields.ts'
import { suffixOf, uidOf } from './names.ts'
import { zoneOf } from './node.ts'
import { CREATED } from './pod-status.ts'
import { deploymentName, namespaceOf, PODS_PER_NODE, slotsOfDeployment } from './workloads.ts'

/** The service of a Deployment. */
export function serviceObject(deployment: number, resourceVersion: string): object {
  const name = deploymentName(deployment)
  const labels = { 'app.kubernetes.io/name': name, 'app.kubernetes.io/managed-by': 'Helm' }
  const clusterIP = clusterIpOf(deployment)
  const port = { name: 'http', protocol: 'TCP', port: 80, targetPort: 'http' }
  const spec = {
    ports: [port],
    selector: { 'app.kubernetes.io/name': name },
    clusterIP,
    clusterIPs: [clusterIP],
    type: 'ClusterIP',
    sessionAffinity: 'None',
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
    internalTrafficPolicy: 'Cluster',
  }
  return {
    metadata: {
      name,
      namespace: namespaceOf(deployment),
      uid: uidOf('service', deployment),
      resourceVersion,
      creationTimestamp: CREATED,
      labels,
      managedFields: managedOnce('service', () => [
        managedFields({ manager: 'helm', time: CREATED }, { metadata: { labels }, spec }),
      ]),
    },
    spec,
    status: { loadBalancer: {} },
  }
}

export function clusterIpOf(deployment: number): string {
  return `10.${128 + (deployment >> 16)}.${(deployment >> 8) & 255}.${deployment & 255}`
}

/** Addresses behind the service of a Deployment, as its pods are after so many changes each. */
export function sliceObject(
  deployment: number,
  resourceVersion: string,
  cluster: { readonly nodes: number; readonly stepOf: (slot: number) => number },
): object {
  const service = deploymentName(deployment)
  return {
    metadata: {
      name: `${service}-${suffixOf(5, 'slice', deployment)}`,
      generateName: `${service}-`,
      namespace: namespaceOf(deployment),
      uid: uidOf('slice', deployment),
      resourceVersion,
      generation: 1,
      creationTimestamp: CREATED,
      labels: {
        'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        'kubernetes.io/service-name': service,
      },
      ownerReferences: [
        {
          apiVersion: 'v1',
          kind: 'Service',
          name: service,
          uid: uidOf('service', deployment),
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
      managedFields: managedOnce('slice', () => [
        managedFields(
          { manager: 'kube-controller-manager', time: CREATED },
          { addressType: 'IPv4', endpoints: [], ports: [] },
        ),
      ]),
    },
    addressType: 'IPv4',
    endpoints: slotsOfDeployment(deployment, cluster.nodes).flatMap(slot =>
      endpointOf(slot, cluster.stepOf(slot)),
    ),
    ports: [{ name: 'http', port: 8_080, protocol: 'TCP' }],
  }
}

function endpointOf(slot: number, step: number): object[] {
  const pod = podLife(slot, step)
  if (pod?.podIp === undefined) return []
  const node = Math.floor(slot / PODS_PER_NODE)
  const isTerminating = pod.state === 'terminating'
  const ready = pod.state === 'running' || pod.state === 'restarted'
  return [
    {
      addresses: [pod.podIp],
      conditions: { ready, serving: ready, terminating: isTerminating },
      targetRef: { kind: 'Pod', namespace: pod.workload.namespace, name: pod.name, uid: pod.uid },
      nodeName: nodeNameOf(node),
      zone: zoneOf(node),
    },
  ]
}
