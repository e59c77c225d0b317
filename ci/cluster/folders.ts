import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

/** Where a cluster keeps its things; everything is below one temporary folder of the run. */
export type ClusterFolders = {
  readonly root: string
  readonly certificates: string
  readonly logs: string
  /** Of the containers, as the kubelet arranges them: `<namespace>_<pod>_<uid>/<container>/<life>.log`. */
  readonly podLogs: string
  /** A pod whose manifest lies here is started by the kubelet itself. */
  readonly staticPods: string
  /** Container images and layers: large, so on disk. */
  readonly containers: string
  /** State that need not outlive the run, in memory: etcd waits for each write to reach the disk. */
  readonly memory: string
}

/** Makes the folders of a cluster below `root`. Call it once `/run` is the cluster's own. */
export function makeFolders(root: string): ClusterFolders {
  const folders = {
    root,
    certificates: join(root, 'certificates'),
    logs: join(root, 'logs'),
    podLogs: join(root, 'pod-logs'),
    staticPods: join(root, 'static-pods'),
    containers: join(root, 'containers'),
    memory: '/run/podatlas',
  }
  for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true })
  return folders
}
