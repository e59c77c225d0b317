import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../image/run.ts'
import { toolPath } from '../tools/tool.ts'
import { addresses } from './addresses.ts'
import { kubeconfigOf, nodeName } from './certificates.ts'
import { containerdSocket } from './containerd.ts'
import type { ClusterFolders } from './folders.ts'
import { type Service, startService, waitUntil } from './service.ts'

/** Starts kubelet and kube-proxy; returns when the API server calls the node Ready. */
export async function startNode(folders: ClusterFolders): Promise<void> {
  const kubelet = startKubelet(folders)
  await startProxy(folders)
  await waitUntil(kubelet, 'node is Ready', async () => (await readyCondition(folders)) === 'True')
}

/** Starts the kubelet; a test that has stopped it brings it back with this. */
export function startKubelet(folders: ClusterFolders): Service {
  const { certificates, logs } = folders
  const config = join(folders.memory, 'kubelet.json')
  writeFileSync(config, JSON.stringify(kubeletConfig(folders)))
  return startService(logs, toolPath('kubernetes', 'kubelet'), [
    `--config=${config}`,
    `--kubeconfig=${kubeconfigOf(certificates, 'kubelet')}`,
    `--hostname-override=${nodeName}`,
    `--node-ip=${addresses.node}`,
  ])
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

function kubeletConfig({ certificates, podLogs, staticPods }: ClusterFolders) {
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
    podLogsDir: podLogs,
    staticPodPath: staticPods,
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
