import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type Bpffs = Disposable & { readonly folder: string; readonly pinDirectory: string }

/** A bpffs of its own, so that no test meets the pins of another or of a real agent. */
export function mountBpffs(): Bpffs {
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
