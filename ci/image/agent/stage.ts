import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { bpfObject } from '../../bpf/object.ts'
import { copySharedLibraries, copyTo, findLibrary } from '../shared-libraries.ts'
import { bundleLives } from './lives.ts'

const repository = join(import.meta.dirname, '../../..')
// koffi looks its native file up as a package of this name.
const koffi = `node_modules/@koromix/koffi-linux-${process.arch}`
const native = `linux_${process.arch}/koffi.node`

/** The agent's bundles, koffi's native file, libbpf, and the kernel programs. */
export async function stageAgent(root: string): Promise<void> {
  await bundleLives(join(repository, 'agent'), join(root, '/app'))
  for (const file of ['package.json', 'index.js', native]) {
    copyTo(root, join(repository, koffi, file), join('/app', koffi, file))
  }
  const libbpf = await findLibrary('libbpf.so.1')
  copyTo(root, libbpf, libbpf)
  await copySharedLibraries([libbpf, join(repository, koffi, native)], root)
  copyTo(root, bpfObject(), '/usr/lib/podatlas/podatlas.bpf.o')
  // What people type in a debugging pod: podatlas-agent check.
  mkdirSync(join(root, '/usr/bin'))
  symlinkSync('/app/agent.cjs', join(root, '/usr/bin/podatlas-agent'))
}
