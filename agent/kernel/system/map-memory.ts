import { getSystemErrorName } from 'node:util'
import { KernelError } from './error.ts'
import { loadLibc } from './libc.ts'

/** The start of an array map as memory that is shared with the kernel. Nobody may touch it once it is disposed. */
export type MapMemory = Disposable & { readonly bytes: ArrayBuffer }

/** Throws KernelError. */
export function mapMemory(mapFd: number, size: number): MapMemory {
  const libc = loadLibc()
  const bytes = libc.map(mapFd, size)
  if (typeof bytes !== 'number') {
    return { bytes, [Symbol.dispose]: () => libc.unmap(bytes) }
  }
  throw new KernelError(`cannot read a kernel map as memory: ${getSystemErrorName(bytes)}`, {
    code: 'DRAIN',
    fix: 'Nothing is lost yet: the next drain tries again. If it goes on, restart the agent',
  })
}
