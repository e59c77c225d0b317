import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A loop of about 10 µs, so that something else can happen in the middle of a program. */
export const LINGER = 'for (int i = 0; i < 20000; i++) asm volatile("");\n'

export type Variant = Disposable & { readonly bytecode: string }

/** The kernel object with one change to its sources: `before` must be there, and becomes `after`. */
export function objectVariant(file: string, before: string, after: string): Variant {
  const folder = mkdtempSync(join(tmpdir(), 'podatlas-variant-'))
  const repository = join(import.meta.dirname, '../../..')
  for (const part of ['bpf', 'ci/bpf']) {
    cpSync(join(repository, part), join(folder, part), { recursive: true })
  }
  const source = join(folder, 'bpf', file)
  const text = readFileSync(source, 'utf8')
  if (!text.includes(before)) throw new Error(`${file} has no "${before}": adapt the test`)
  writeFileSync(source, text.replaceAll(before, after))
  const bytecode = join(folder, 'podatlas.bpf.o')
  execFileSync(join(folder, 'ci/bpf/build.sh'), [bytecode])
  return { bytecode, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) }
}
