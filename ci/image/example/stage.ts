import { join } from 'node:path'
import { copyTo } from '../shared-libraries.ts'

const talk = join(import.meta.dirname, '../../cluster/example/talk.ts')

/** The program of the example pods; Node runs its source. */
export async function stageExample(root: string): Promise<void> {
  copyTo(root, talk, '/app/talk.ts')
}
