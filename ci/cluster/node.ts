import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { toolPath } from '../tools/tool.ts'
import { addresses } from './addresses.ts'
import { kubeconfigOf, nodeName } from './certificates.ts'
import type { ClusterFolders } from './folders.ts'
import { bridge } from './network.ts'
import { run } from '../image/run.ts'
import { sandboxReference } from '../image/sandbox/stage.ts'
import { type Service, startService, waitUntil } from './service.ts'

const containerdSocket = '/run/podatlas/containerd.sock'

/** Starts the container runtime; images can be imported when it returns. */
export async function startContainerd(folders: ClusterFolders): Promise<void> {
  const networks = join(folders.memory, 'networks')
  mkdirSync(networks)
  writeFileSync(join(networks, '10-atlas.conflist'), JSON.stringify(podNetwork))
  const config = join(folders.memory, 'containerd.toml')
  writeFileSync(config, containerdConfig(folders, networks))
  const containerd = startService(folders.logs, 'containerd', ['--config', config])
  await waitUntil(containerd, 'ready', async () => (await ctr('version')).includes('Server'))
}

/** Starts kubelet and kube-proxy; returns when the API server calls the node Ready. */
export async function startNode(folders: ClusterFolders): Promise<void> {
  const { certificates, logs } = folders
  const config = join(folders.memory, 'kubelet.json')
  writeFileSync(config, JSON.stringify(kubeletConfig(folders)))
  const kubelet = startService(logs, toolPath('kubernetes', 'kubelet'), [
    `--config=${config}`,
    `--kubeconfig=${kubeconfigOf(certificates, 'kubelet')}`,
    `--hostname-override=${nodeName}`,
    `--node-ip=${addresses.node}`,
  ])
  await startProxy(folders)
  await waitUntil(kubelet, 'node is Ready', async () => (await readyCondition(folders)) === 'True')
}

/** Loads an OCI archive into the node. */
export async function importImage(archive: string): Promise<void> {
  await ctr('--namespace', 'k8s.io', 'images', 'import', archive)
}

/** Asks the container runtime itself. */
export function ctr(...args: string[]): Promise<string> {
  return run('ctr', ['--address', containerdSocket, ...args])
}

async function startProxy({ certificates, logs }: ClusterFolders): Promise<Service> {
  // A namespace may not change the sizes of the connection table, so 0: leave them alone.
  const untouched = ['max-per-core', 'tcp-timeout-established', 'tcp-timeout-close-wait']
  const proxy = startService(logs, toolPath('kubernetes', 'kube-proxy'), [
    `--kubeconfig=${kubeconfigOf(certificates, 'kube-proxy')}`,
    `--hostname-override=${nodeName}`,
    `--cluster-cidr=${addresses.pods}`,
    '--proxy-mode=iptables',
    ...untouched.map(name => `--conntrack-${name}=0`),
  ])
  await waitUntil(proxy, 'healthy', async () => (await fetch('http://127.0.0.1:10256/healthz')).ok)
  return proxy
}

async function readyCondition({ certificates }: ClusterFolders): Promise<string> {
  const path = '{.status.conditions[?(@.type=="Ready")].status}'
  const admin = ['--kubeconfig', kubeconfigOf(certificates, 'admin')]
  const args = [...admin, 'get', 'node', nodeName, '-o', `jsonpath=${path}`]
  return await run(toolPath('kubernetes', 'kubectl'), args)
}

const podNetwork = {
  cniVersion: '0.4.0',
  name: 'atlas',
  plugins: [
    {
      type: 'bridge',
      bridge,
      isGateway: true,
      // Masquerading would hide the pods' addresses from the world's servers.
      ipMasq: false,
      hairpinMode: true,
      ipam: {
        type: 'host-local',
        ranges: [[{ subnet: addresses.pods }]],
        routes: [{ dst: '0.0.0.0/0' }],
      },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
}

function containerdConfig({ containers, memory }: ClusterFolders, networks: string): string {
  return `version = 2
root = "${containers}"
state = "${join(memory, 'containerd')}"
[grpc]
  address = "${containerdSocket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${sandboxReference}"
  # Lowering the score needs CAP_SYS_RESOURCE, which not every machine grants.
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${networks}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
`
}

function kubeletConfig({ certificates, root }: ClusterFolders) {
  const file = (name: string) => join(certificates, name)
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    containerRuntimeEndpoint: `unix://${containerdSocket}`,
    authentication: { anonymous: { enabled: false }, x509: { clientCAFile: file('ca.crt') } },
    tlsCertFile: file('kubelet.crt'),
    tlsPrivateKeyFile: file('kubelet.key'),
    cgroupDriver: 'cgroupfs',
    // Version 1 and hybrid hierarchies are what some machines of ours still have.
    failCgroupV1: false,
    failSwapOn: false,
    clusterDNS: [addresses.node],
    clusterDomain: 'cluster.local',
    resolvConf: '/dev/null',
    podLogsDir: join(root, 'pod-logs'),
    // The disk is the machine's, not the cluster's: nothing is evicted for what others store there.
    evictionHard: {
      'memory.available': '100Mi',
      'nodefs.available': '1%',
      'imagefs.available': '1%',
    },
    imageGCHighThresholdPercent: 100,
    syncFrequency: '5s',
    serializeImagePulls: false,
  }
}
