import type { ClusterFolders } from './folders.ts'
import { kubectlOf } from './kubectl.ts'

/** Prints what a person would look at first: the pods, the last events, and what the podatlas pods said. */
export async function printDiagnosis(folders: ClusterFolders): Promise<void> {
  const kubectl = kubectlOf(folders)
  const ours = ['-n', 'podatlas', 'logs', '-l', 'app.kubernetes.io/name=podatlas', '--prefix']
  const questions = [
    ['get', 'pods', '-A', '-o', 'wide'],
    ['get', 'events', '-A', '--sort-by=.lastTimestamp'],
    [...ours, '--all-containers', '--ignore-errors', '--tail=10'],
  ]
  for (const question of questions) {
    console.error(`\n$ kubectl ${question.join(' ')}`)
    try {
      console.error((await kubectl(question)).split('\n').slice(-40).join('\n'))
    } catch (error) {
      console.error(error instanceof Error ? error.message : error)
    }
  }
}
