import { closeSync, read, readSync } from 'node:fs'
import { getSystemErrorName, promisify } from 'node:util'
import { KernelError } from './error.ts'
import type { Libbpf } from './libbpf.ts'
import { messageOf } from '../../message-of.ts'

const readAsync = promisify(read)
// Most programs write nothing, and what is read is only the end.
const written = Buffer.alloc(4096)

/** Runs an iterator program once over all entries, on a thread of libuv's pool. Errors: KernelError. */
export async function runIterator(libbpf: Libbpf, linkFd: number): Promise<void> {
  const fd = libbpf.createIterator(linkFd)
  if (fd < 0) throw iteratorError(getSystemErrorName(fd))
  try {
    while (await hasMore(fd)) continue
  } catch (error) {
    throw iteratorError(messageOf(error))
  } finally {
    closeSync(fd)
  }
}

/** The same without a thread, for the start. Gives how many bytes the program wrote. Throws KernelError. */
export function runIteratorNow(libbpf: Libbpf, linkFd: number): number {
  const fd = libbpf.createIterator(linkFd)
  if (fd < 0) throw iteratorError(getSystemErrorName(fd))
  try {
    let bytes = 0
    for (;;) {
      const more = readNow(fd)
      if (more === 0) return bytes
      bytes += more ?? 0
    }
  } catch (error) {
    throw iteratorError(messageOf(error))
  } finally {
    closeSync(fd)
  }
}

/** Undefined: it is not at the end yet. */
function readNow(fd: number): number | undefined {
  try {
    return readSync(fd, written)
  } catch (error) {
    if (isUnfinished(error)) return undefined
    throw error
  }
}

/** One read visits a million entries at most; then it says EAGAIN, and the next read goes on from there. */
async function hasMore(fd: number): Promise<boolean> {
  try {
    const { bytesRead } = await readAsync(fd, written, 0, written.length, null)
    return bytesRead > 0
  } catch (error) {
    if (isUnfinished(error)) return true
    throw error
  }
}

function isUnfinished(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EAGAIN'
}

function iteratorError(why: string): KernelError {
  return new KernelError(`cannot walk the open sockets: ${why}`, {
    code: 'DRAIN',
    fix: 'It is tried again, and nothing is lost till then; if it goes on, restart the agent',
  })
}
