import { once } from 'node:events'
import { run } from '../image/run.ts'
import { toolPath } from '../tools/tool.ts'
import { addresses } from './addresses.ts'
import { kubeconfigOf, nodeName } from './certificates.ts'
import type { ClusterFolders } from './folders.ts'
import { startService, waitUntil } from './service.ts'

const chains = ['KUBE-ROUTER-INPUT', 'KUBE-ROUTER-FORWARD', 'KUBE-ROUTER-OUTPUT']

/**
 * While it lasts, NetworkPolicies are enforced: by kube-router's firewall alone, as a process of the node. Packets from pod to
 * pod pass iptables on the bridge too (network.ts), so kube-router sees all there is. Remove the policies before it ends.
 */
export async function startEnforcer({
  certificates,
  logs,
}: ClusterFolders): Promise<AsyncDisposable> {
  const enforcer = startService(logs, toolPath('kube-router'), [
    // kube-router has no role of its own here.
    `--kubeconfig=${kubeconfigOf(certificates, 'admin')}`,
    `--hostname-override=${nodeName}`,
    `--service-cluster-ip-range=${addresses.services}`,
    '--run-firewall=true',
    '--run-router=false',
    '--run-service-proxy=false',
    '--health-port=0',
  ])
  await waitUntil(enforcer, 'enforces policies', knowsPods)
  return {
    [Symbol.asyncDispose]: async () => {
      const { process } = enforcer
      process.kill('SIGTERM')
      if (process.exitCode === null && process.signalCode === null) await once(process, 'exit')
      // Its own --cleanup-config knows of no iptables that it has not opened before.
      for (const chain of chains) await run('iptables', ['-F', chain])
    },
  }
}

async function knowsPods(): Promise<boolean> {
  return (await run('iptables', ['-S', 'KUBE-ROUTER-FORWARD'])).includes('POD name:')
}
