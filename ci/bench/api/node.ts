import { hostIpOf, nodeNameOf, podNetworkOf } from './life.ts'
import { managedFields, managedOnce } from './managed-fields.ts'
import { hexOf, uidOf } from './names.ts'
import { CREATED, STARTED } from './pod-status.ts'

const ZONES = ['a', 'b', 'c']
/** The kubelet names so many images at most: nodeStatusMaxImages. */
const IMAGES = 50
const CONDITIONS = ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready']
const manager = 'kubelet'
const REGION = 'eu-central-1'

/** A node as the API server answers it. Most of its bytes are names of images. */
export function nodeObject(node: number, resourceVersion: string): object {
  const name = nodeNameOf(node)
  const labels = {
    'beta.kubernetes.io/arch': 'amd64',
    'beta.kubernetes.io/os': 'linux',
    'kubernetes.io/arch': 'amd64',
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'linux',
    'node.kubernetes.io/instance-type': 'm6i.4xlarge',
    'topology.kubernetes.io/region': REGION,
    'topology.kubernetes.io/zone': zoneOf(node),
  }
  const annotations = {
    'node.alpha.kubernetes.io/ttl': '0',
    'volumes.kubernetes.io/controller-managed-attach-detach': 'true',
  }
  const cidr = `${podNetworkOf(node)}.0/24`
  const spec = {
    podCIDR: cidr,
    podCIDRs: [cidr],
    providerID: `cloud:///${zoneOf(node)}/${hexOf('node', node).slice(0, 17)}`,
  }
  const status = statusOf(node)
  return {
    metadata: {
      name,
      uid: uidOf('node', node),
      resourceVersion,
      creationTimestamp: CREATED,
      labels,
      annotations,
      managedFields: managedOnce('node', () => [
        managedFields({ manager, time: CREATED }, { metadata: { annotations, labels }, spec }),
        managedFields(
          { manager, time: STARTED, subresource: 'status' },
          { status: { conditions: status.conditions } },
        ),
      ]),
    },
    spec,
    status,
  }
}

export function zoneOf(node: number): string {
  return `${REGION}${ZONES[node % ZONES.length]}`
}

function statusOf(node: number) {
  const capacity = {
    cpu: '16',
    'ephemeral-storage': '104779756Ki',
    'hugepages-1Gi': '0',
    'hugepages-2Mi': '0',
    memory: '64761140Ki',
    pods: '110',
  }
  return {
    capacity,
    allocatable: { ...capacity, cpu: '15890m', memory: '63744308Ki' },
    conditions: CONDITIONS.map(type => ({
      type,
      status: type === 'Ready' ? 'True' : 'False',
      lastHeartbeatTime: STARTED,
      lastTransitionTime: CREATED,
      reason: type === 'Ready' ? 'KubeletReady' : `KubeletHasNo${type}`,
      message: 'kubelet is posting ready status',
    })),
    addresses: [
      { type: 'InternalIP', address: hostIpOf(node) },
      { type: 'Hostname', address: nodeNameOf(node) },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: 10_250 } },
    nodeInfo: {
      machineID: hexOf('machine', node).slice(0, 32),
      systemUUID: uidOf('machine', node),
      bootID: uidOf('boot', node),
      kernelVersion: '6.12.111',
      osImage: 'Debian GNU/Linux 12 (bookworm)',
      containerRuntimeVersion: 'containerd://2.1.4',
      kubeletVersion: 'v1.34.4',
      kubeProxyVersion: '',
      operatingSystem: 'linux',
      architecture: 'amd64',
    },
    images: Array.from({ length: IMAGES }, (_, image) => {
      const name = `registry.example.com/platform/service-${image}`
      return {
        names: [`${name}@sha256:${hexOf(name)}`, `${name}:2026.11.3`],
        sizeBytes: 90_000_000 + image,
      }
    }),
  }
}
