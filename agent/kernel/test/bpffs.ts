import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isEmulated } from '../../../ci/bpf/prebuilt.ts'
import { unpin } from '../pins/unpin.ts'

export type Bpffs = Disposable & { readonly folder: string; readonly pinDirectory: string }

/** A bpffs of its own, so that no test meets the pins of another or of a real agent. */
export function mountBpffs(): Bpffs {
  if (isEmulated()) return ownFolder('/sys/fs/bpf')
  const folder = mkdtempSync(join(tmpdir(), 'podatlas-bpffs-'))
  execFileSync('mount', ['-t', 'bpf', 'bpf', folder])
  return {
    folder,
    pinDirectory: join(folder, 'podatlas'),
    [Symbol.dispose]: () => {
      execFileSync('umount', [folder])
      rmdirSync(folder)
    },
  }
}

/** Where nobody else uses the bpffs of the machine. */
function ownFolder(bpffs: string): Bpffs {
  const pinDirectory = mkdtempSync(join(bpffs, 'podatlas-'))
  return { folder: bpffs, pinDirectory, [Symbol.dispose]: () => unpin(pinDirectory) }
}
