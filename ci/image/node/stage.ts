import { join } from 'node:path'
import { run } from '../run.ts'
import { copySharedLibraries, copyTo } from '../shared-libraries.ts'

const packagedNode = join(import.meta.dirname, '../../../node_modules/node/bin/node')

/** The packaged Node without its symbol table (116 MB instead of 150), and what it loads. */
export async function stageNode(root: string): Promise<void> {
  copyTo(root, packagedNode, '/usr/bin/node')
  await run('strip', ['--strip-unneeded', join(root, '/usr/bin/node')])
  await copySharedLibraries([packagedNode], root)
}
