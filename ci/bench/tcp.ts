import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { decodeFlows } from '../../agent/drain/flows.ts'
import { openKernel, type Kernel } from '../../agent/kernel/kernel.ts'
import { installPrograms } from '../../agent/kernel/programs.ts'
import { createTelemetry } from '../../agent/telemetry.ts'
import { bpfObject } from '../bpf/object.ts'
import { programTimes, withStatistics } from './program-times.ts'
import { spreadOf } from './spread.ts'

const PAIRS = 20
const modes = [
  { mode: 'rr', what: 'a request and response of one byte', count: 20_000 },
  { mode: 'crr', what: 'connect, one byte each way, close', count: 5_000 },
]

type Run = {
  readonly nsPerTransaction: number
  readonly port: number
  readonly bytes: number
}

/**
 * What the kernel programs add to a TCP transaction: their own time by the kernel's statistics, and
 * runs with and without them in turns. The baseline against itself gives the noise, below which a
 * ratio says nothing.
 */
export async function benchTcp(print: (result: object) => void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'podatlas-bench-'))
  try {
    const program = join(folder, 'ping-pong')
    execFileSync('cc', ['-O2', '-o', program, join(import.meta.dirname, 'ping-pong.c')])
    for (const { mode, what, count } of modes) {
      const run = () =>
        JSON.parse(execFileSync(program, [mode, String(count)], { encoding: 'utf8' }))
      const { runs, ns } = await withStatistics(() => withPrograms(run, programTimes))
      const programs = { runsPerTransaction: runs / count, nsPerTransaction: ns / count }
      print({ metric: `tcp-${mode}`, what, programs, ...(await compare(run)) })
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function compare(run: () => Run) {
  const off: number[] = []
  const on: number[] = []
  const ratios: number[] = []
  const noise: number[] = []
  run()
  for (let pair = 0; pair < PAIRS; pair++) {
    const before = run().nsPerTransaction
    const counted = await withPrograms(run, ({ nsPerTransaction }) => nsPerTransaction)
    const after = run().nsPerTransaction
    off.push(before, after)
    on.push(counted)
    ratios.push((2 * counted) / (before + after))
    noise.push(after / before)
  }
  return {
    pairs: PAIRS,
    offNs: spreadOf(off),
    onNs: spreadOf(on),
    ratio: spreadOf(ratios),
    offAgainstItself: spreadOf(noise),
  }
}

/** One run while the programs count. A run that they count wrongly is worth nothing: it throws. */
async function withPrograms<Result>(run: () => Run, read: (run: Run) => Result): Promise<Result> {
  const telemetry = createTelemetry('bench', '0.0.0')
  const sizes = { maxFlows: 65_536, maxOverflow: 4_096 }
  const programs = installPrograms({ bytecode: bpfObject(), sizes, log: () => {} })
  using kernel = openKernel({ programs, telemetry })
  await sleep(50)
  const finished = run()
  const result = read(finished)
  const counted = await bytesSent(kernel, finished.port)
  if (counted !== finished.bytes)
    throw new Error(`the client sent ${finished.bytes} bytes, counted were ${counted}`)
  return result
}

async function bytesSent(kernel: Kernel, port: number): Promise<number> {
  return decodeFlows(await kernel.drain())
    .filter(({ servicePort, role }) => servicePort === port && role === 'client')
    .reduce((sum, flow) => sum + flow.bytesSent, 0)
}
