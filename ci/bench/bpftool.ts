import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Runs bpftool and gives what it prints. Throws with its words when it fails. */
export function bpftool(...words: string[]): string {
  return execFileSync('bpftool', words, { encoding: 'utf8', maxBuffer: 1 << 28 })
}

/** A bpffs of the benchmark's own: what is pinned there ends with it. */
export function mountBpffs(): Disposable & { readonly path: string } {
  using stack = new DisposableStack()
  const path = mkdtempSync(join(tmpdir(), 'podatlas-bench-'))
  stack.defer(() => rmdirSync(path))
  execFileSync('mount', ['-t', 'bpf', 'podatlas-bench', path])
  stack.defer(() => execFileSync('umount', [path]))
  const owned = stack.move()
  return { path, [Symbol.dispose]: () => owned.dispose() }
}
