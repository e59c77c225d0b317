import { join } from 'node:path'
import { type Component, npmComponent } from '../component.ts'
import { copyTo } from '../files.ts'
import { copyLibraries } from '../libraries.ts'
import { type Architecture, partsOf } from '../parts.ts'
import { run } from '../run.ts'

const repository = join(import.meta.dirname, '../../..')

/** npm's Node without its symbol table (116 MB instead of 150), what it loads, and our licence. */
export async function stageNode(root: string, architecture: Architecture): Promise<Component[]> {
  const { node } = partsOf(architecture)
  const program = join(node, 'bin/node')
  copyTo(root, program, '/usr/bin/node')
  copyTo(root, join(repository, 'LICENSE'), '/usr/share/doc/podatlas/LICENSE')
  // That of LLVM knows every architecture.
  await run('llvm-strip', ['--strip-unneeded', join(root, '/usr/bin/node')])
  const libraries = await copyLibraries(root, architecture, { of: [program] })
  return [npmComponent(node), ...libraries]
}
