import { join } from 'node:path'
import { buildInit } from './build.ts'

/** What containerd's configuration calls it. */
export const sandboxReference = 'localhost/podatlas/sandbox:test'

/** One static program. */
export async function stageSandbox(root: string): Promise<void> {
  await buildInit(join(root, 'init'))
}
