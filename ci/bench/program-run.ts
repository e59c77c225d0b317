import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Runs a loaded XDP program by hand, on a packet of zeros. */
export function programRunner(programFd: number): Disposable & {
  readonly run: (times: number) => void
} {
  const facts = readFileSync(`/proc/self/fdinfo/${programFd}`, 'utf8')
  const id = /^prog_id:\s+(\d+)/m.exec(facts)?.[1] ?? ''
  const folder = mkdtempSync(join(tmpdir(), 'podatlas-bench-'))
  const packet = join(folder, 'packet')
  writeFileSync(packet, new Uint8Array(64))
  return {
    run: times => {
      const words = ['prog', 'run', 'id', id, 'data_in', packet, 'repeat', `${times}`]
      execFileSync('bpftool', words, { stdio: ['ignore', 'ignore', 'inherit'] })
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  }
}
