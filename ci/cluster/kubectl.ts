import { run } from '../image/run.ts'
import { toolPath } from '../tools/tool.ts'
import { kubeconfigOf } from './certificates.ts'
import type { ClusterFolders } from './folders.ts'

export type Kubectl = (args: readonly string[], input?: string) => Promise<string>

/** kubectl as the cluster's administrator; resolves with what it printed. */
export function kubectlOf({ certificates }: ClusterFolders): Kubectl {
  const administrator = ['--kubeconfig', kubeconfigOf(certificates, 'admin')]
  return (args, input) => run(toolPath('kubernetes', 'kubectl'), [...administrator, ...args], input)
}
