import { join } from 'node:path'
import { bpfObject } from '../../bpf/object.ts'
import { bundle } from '../bundle.ts'
import { copySharedLibraries, copyTo, findLibrary } from '../shared-libraries.ts'

const repository = join(import.meta.dirname, '../../..')
const platform = `linux_${process.arch}`
const koffi = join(
  repository,
  `node_modules/@koromix/koffi-linux-${process.arch}/${platform}/koffi.node`,
)

/** The agent's bundle, koffi's native file, libbpf, and the kernel programs. */
export async function stageAgent(root: string): Promise<void> {
  await bundle(join(repository, 'agent/main.ts'), join(root, '/app/agent.cjs'))
  // koffi asks for its native file by this path, seen from the bundle.
  copyTo(root, koffi, `/app/${platform}/koffi.node`)
  const libbpf = await findLibrary('libbpf.so.1')
  copyTo(root, libbpf, libbpf)
  await copySharedLibraries([libbpf, koffi], root)
  copyTo(root, bpfObject(), '/usr/lib/podatlas/podatlas.bpf.o')
}
