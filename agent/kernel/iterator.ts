import { closeSync, read } from 'node:fs'
import { getSystemErrorName, promisify } from 'node:util'
import { KernelError, messageOf } from './error.ts'
import type { Libbpf } from './libbpf.ts'

const readAsync = promisify(read)
// The programs write nothing: what is read is only the end.
const nothing = Buffer.alloc(4096)

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

/** One read visits a million entries at most; then it says EAGAIN, and the next read goes on from there. */
async function hasMore(fd: number): Promise<boolean> {
  try {
    const { bytesRead } = await readAsync(fd, nothing, 0, nothing.length, null)
    return bytesRead > 0
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return true
    throw error
  }
}

function iteratorError(why: string): KernelError {
  return new KernelError(`cannot walk the open sockets: ${why}`, {
    code: 'DRAIN',
    fix: 'It is tried again, and nothing is lost till then; if it goes on, restart the agent',
  })
}
