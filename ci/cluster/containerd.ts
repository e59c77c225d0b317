import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../image/run.ts'
import { sandboxReference } from '../image/sandbox/stage.ts'
import { addresses } from './addresses.ts'
import type { ClusterFolders } from './folders.ts'
import { bridge } from './network.ts'
import { oneAddress } from './one-address.ts'
import { startService, waitUntil } from './service.ts'

export const containerdSocket = '/run/podatlas/containerd.sock'

/** Starts the container runtime; images can be imported when it returns. */
export async function startContainerd(folders: ClusterFolders): Promise<void> {
  for (const [name, range] of Object.entries(addressRanges)) {
    const networks = networksOf(folders, name)
    mkdirSync(networks, { recursive: true })
    writeFileSync(join(networks, '10-atlas.conflist'), JSON.stringify(podNetwork(name, range)))
  }
  const config = join(folders.memory, 'containerd.toml')
  writeFileSync(config, containerdConfig(folders))
  const containerd = startService(folders.logs, 'containerd', ['--config', config])
  await waitUntil(containerd, 'ready', async () => (await ctr('version')).includes('Server'))
}

/** Loads an OCI archive into the node. */
export async function importImage(archive: string): Promise<void> {
  await ctr('--namespace', 'k8s.io', 'images', 'import', archive)
}

/** Asks the container runtime itself. */
export function ctr(...args: string[]): Promise<string> {
  return run('ctr', ['--address', containerdSocket, ...args])
}

/** Addresses of pods by their runtime handler. */
const addressRanges = {
  runc: { rangeEnd: '198.51.100.249' },
  [oneAddress.handler]: { rangeStart: oneAddress.address, rangeEnd: oneAddress.address },
}

function networksOf({ memory }: ClusterFolders, handler: string): string {
  return join(memory, 'networks', handler)
}

function podNetwork(name: string, range: object) {
  return {
    cniVersion: '0.4.0',
    name,
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
          ranges: [[{ subnet: addresses.pods, ...range }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  }
}

function containerdConfig(folders: ClusterFolders): string {
  const { containers, memory } = folders
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
    conf_dir = "${networksOf(folders, 'runc')}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.${oneAddress.handler}]
      runtime_type = "io.containerd.runc.v2"
      cni_conf_dir = "${networksOf(folders, oneAddress.handler)}"
      cni_max_conf_num = 1
`
}
