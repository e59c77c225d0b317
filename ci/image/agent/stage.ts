import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { bpfObject } from '../../bpf/object.ts'
import { type Component, npmComponent, npmComponents } from '../component.ts'
import { copyTo } from '../files.ts'
import { copyLibraries } from '../libraries.ts'
import { type Architecture, ownArchitecture, partsOf } from '../parts.ts'
import { bundleLives } from './lives.ts'

const repository = join(import.meta.dirname, '../../..')

/** The agent's bundles, koffi's native file, libbpf, and the kernel programs. */
export async function stageAgent(root: string, architecture: Architecture): Promise<Component[]> {
  const packages = await stagePrograms(root, architecture)
  const { koffi, cpu, node } = partsOf(architecture)
  const libraries = await copyLibraries(root, architecture, {
    of: [join(koffi, `linux_${cpu}/koffi.node`)],
    opened: ['libbpf.so.1'],
    besides: [join(node, 'bin/node')],
  })
  // What people type in a debugging pod: podatlas-agent check.
  mkdirSync(join(root, '/usr/bin'))
  symlinkSync('/app/agent.cjs', join(root, '/usr/bin/podatlas-agent'))
  return [...packages, ...libraries]
}

/** What of it runs with the libraries of any machine. */
export async function stagePrograms(
  root: string,
  architecture = ownArchitecture,
): Promise<Component[]> {
  const { koffi, cpu } = partsOf(architecture)
  const sources = await bundleLives(join(repository, 'agent'), join(root, '/app'))
  for (const file of ['package.json', 'index.js', `linux_${cpu}/koffi.node`]) {
    // koffi looks its native file up as a package of this name.
    copyTo(root, join(koffi, file), join(`/app/node_modules/@koromix/koffi-linux-${cpu}`, file))
  }
  copyTo(root, bpfObject(), '/usr/lib/podatlas/podatlas.bpf.o')
  return [...npmComponents(sources), npmComponent(koffi)]
}
