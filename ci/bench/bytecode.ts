import { execFileSync } from 'node:child_process'
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

const checkout = join(import.meta.dirname, '../..')
const podatlas = globSync(join(checkout, 'bpf/*.{h,bpf.c}'))
const own = join(import.meta.dirname, 'bpf')

export type Bytecode = Disposable & { readonly path: string }

type Change = { readonly file: string; readonly find: RegExp; readonly replaceBy: string }

/** The programs of podatlas with one of them returning at once. */
export function withEmptyIterator(): Bytecode {
  return build(podatlas, {
    file: 'live.bpf.c',
    find: /^int live\w*\([^)]*\)\n\{\n/gm,
    replaceBy: '$&\treturn 0;\n',
  })
}

/** With the state program's second copy doing nothing: its call alone stays, some 5 ns. */
export function withOneCopy(): Bytecode {
  return build(podatlas, {
    file: 'tcp_state.bpf.c',
    find: /int BPF_PROG\(tcp_state_twin,[^)]*\)\n\{\n/,
    replaceBy: '$&\treturn 0;\n',
  })
}

/** With both copies doing nothing: what is then measured is the measuring. */
export function withEmptyStatePrograms(): Bytecode {
  return build(podatlas, {
    file: 'tcp_state.bpf.c',
    find: /int BPF_PROG\(tcp_state\w*,[^)]*\)\n\{\n/g,
    replaceBy: '$&\treturn 0;\n',
  })
}

/** A program that counts as those of podatlas do. */
export function fillProgram(): Bytecode {
  return build([...podatlas.filter(path => path.endsWith('.h')), join(own, 'fill.bpf.c')])
}

/** Programs that run for each packet, to compare with. */
export function packetPrograms(): Bytecode {
  return build([join(own, 'packets.bpf.c')])
}

function build(sources: readonly string[], change?: Change): Bytecode {
  const folder = mkdtempSync(join(tmpdir(), 'podatlas-bench-'))
  mkdirSync(join(folder, 'bpf'))
  for (const source of sources) cpSync(source, join(folder, 'bpf', basename(source)))
  cpSync(join(checkout, 'ci/bpf'), join(folder, 'ci/bpf'), { recursive: true })
  if (change) {
    const file = join(folder, 'bpf', change.file)
    const text = readFileSync(file, 'utf8')
    if (text.search(change.find) < 0) throw new Error(`${change.file} has no ${change.find}`)
    writeFileSync(file, text.replace(change.find, change.replaceBy))
  }
  const path = join(folder, 'podatlas.bpf.o')
  execFileSync(join(folder, 'ci/bpf/build.sh'), [path], { stdio: 'inherit' })
  return { path, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) }
}
