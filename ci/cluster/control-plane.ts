import { Resolver } from 'node:dns/promises'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { toolPath } from '../tools/tool.ts'
import { addresses } from './addresses.ts'
import { kubeconfigOf } from './certificates.ts'
import type { ClusterFolders } from './folders.ts'
import { run } from '../image/run.ts'
import { startService, waitUntil } from './service.ts'

/** Starts etcd, API server, controllers, scheduler and name server; returns when they answer. */
export async function startControlPlane(folders: ClusterFolders): Promise<void> {
  const etcd = startService(folders.logs, 'etcd', [
    ...flags({
      'data-dir': join(folders.memory, 'etcd'),
      'listen-peer-urls': 'http://127.0.0.1:2380',
    }),
    ...flags({ 'listen-client-urls': etcdUrl, 'advertise-client-urls': etcdUrl }),
  ])
  await waitUntil(etcd, 'healthy', () => isHealthy(`${etcdUrl}/health`))

  const apiServer = startApiServer(folders)
  const kubectl = ['--kubeconfig', kubeconfigOf(folders.certificates, 'admin')]
  const readyz = [...kubectl, 'get', '--raw', '/readyz']
  const answersOk = async () => (await run(toolPath('kubernetes', 'kubectl'), readyz)) === 'ok'
  await waitUntil(apiServer, 'ready', answersOk)

  startControllers(folders)
  startScheduler(folders)
  await startNameServer(folders)
}

const etcdUrl = 'http://127.0.0.1:2379'

/** Starts the API server; a test that has stopped it brings it back with this. */
export function startApiServer({ certificates, logs }: ClusterFolders) {
  const file = (name: string) => join(certificates, name)
  return startService(
    logs,
    toolPath('kubernetes', 'kube-apiserver'),
    flags({
      'etcd-servers': etcdUrl,
      'bind-address': '0.0.0.0',
      'advertise-address': addresses.node,
      'service-cluster-ip-range': addresses.services,
      'authorization-mode': 'Node,RBAC',
      'allow-privileged': 'true',
      'client-ca-file': file('ca.crt'),
      'tls-cert-file': file('apiserver.crt'),
      'tls-private-key-file': file('apiserver.key'),
      // The node's name is known to nobody's name server.
      'kubelet-preferred-address-types': 'InternalIP',
      'kubelet-client-certificate': file('apiserver-to-kubelet.crt'),
      'kubelet-client-key': file('apiserver-to-kubelet.key'),
      'kubelet-certificate-authority': file('ca.crt'),
      'service-account-issuer': 'https://kubernetes.default.svc.cluster.local',
      'service-account-key-file': file('service-accounts.key'),
      'service-account-signing-key-file': file('service-accounts.key'),
    }),
  )
}

function startControllers({ certificates, logs }: ClusterFolders) {
  return startService(
    logs,
    toolPath('kubernetes', 'kube-controller-manager'),
    flags({
      kubeconfig: kubeconfigOf(certificates, 'controller-manager'),
      'root-ca-file': join(certificates, 'ca.crt'),
      'service-account-private-key-file': join(certificates, 'service-accounts.key'),
      'use-service-account-credentials': 'true',
      'leader-elect': 'false',
    }),
  )
}

function startScheduler({ certificates, logs }: ClusterFolders) {
  const kubeconfig = kubeconfigOf(certificates, 'scheduler')
  const args = flags({ kubeconfig, 'leader-elect': 'false' })
  return startService(logs, toolPath('kubernetes', 'kube-scheduler'), args)
}

/** CoreDNS as a process of the node: pods ask the bridge's address. */
async function startNameServer({ certificates, logs, memory }: ClusterFolders): Promise<void> {
  const settings = join(memory, 'coredns')
  mkdirSync(settings)
  const corefile = join(settings, 'Corefile')
  const kubeconfig = kubeconfigOf(certificates, 'coredns')
  writeFileSync(
    corefile,
    `.:53 {
  errors
  kubernetes cluster.local {
    kubeconfig ${kubeconfig}
  }
}
`,
  )
  const coredns = startService(logs, toolPath('coredns', 'coredns'), ['-conf', corefile])
  const resolver = new Resolver({ timeout: 1_000, tries: 1 })
  resolver.setServers([addresses.node])
  await waitUntil(coredns, 'answers', async () => {
    const found = await resolver.resolve4('kubernetes.default.svc.cluster.local')
    return found.includes(addresses.apiService)
  })
}

function flags(values: Record<string, string>): string[] {
  return Object.entries(values).map(([name, value]) => `--${name}=${value}`)
}

async function isHealthy(url: string): Promise<boolean> {
  return (await fetch(url)).ok
}
