import { execFile } from 'node:child_process'
import { mkdtempDisposableSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import { SECOND_LIFE } from '../../../agent/start.ts'
import type { Bench } from '../result.ts'
import { spreadOf } from '../spread.ts'

const run = promisify(execFile)
const program = join(import.meta.dirname, 'spool-stall-program.ts')

const Stalls = z.array(z.object({ cpuMs: z.number(), wallMs: z.number() }))
const Measured = z.object({
  /** Sums of all values. */
  offered: z.number(),
  found: z.number(),
  spooled: Stalls,
  lines: Stalls,
})

/**
 * How long the spool holds up the agent's loop when a moment is written, at its longest: that is a moment which
 * begins a segment, in which all that is alive is declared. Against what a moment takes as lines of JSON in a file, every
 * time. With the agent's own options of V8.
 */
export const benchSpoolStall: Bench = async ({ isSmall, print }) => {
  const [series, moments, naive] = isSmall ? [1_200, 20, 5] : [10_000, 1_000, 60]
  using folder = mkdtempDisposableSync(join(tmpdir(), 'podatlas-bench-'))
  const words = [
    ...SECOND_LIFE.options,
    program,
    folder.path,
    ...[series, moments, naive].map(String),
  ]
  const env = { ...process.env, ...SECOND_LIFE.env }
  const { stdout } = await run(process.execPath, words, { env, maxBuffer: 2 ** 26 })
  const { offered, found, spooled, lines } = Measured.parse(JSON.parse(stdout))
  if (found !== offered) throw new Error(`the spool gave ${found} back, of ${offered}`)

  const cpuMs = spooled.map(one => one.cpuMs)
  const wallMs = spooled.map(one => one.wallMs)
  const linesMs = spreadOf(lines.map(one => one.cpuMs))
  print({
    bench: 'spool-stall',
    metric: "the longest write of a moment, of a naive spool's every write",
    unit: '×',
    measured: Math.max(...cpuMs) / linesMs.median,
    goal: { atMost: 1 },
    limit: 'a copy of 80 kB',
    details: {
      series,
      moments,
      longestCpuMs: Math.max(...cpuMs),
      longestWallMs: Math.max(...wallMs),
      wallMs: spreadOf(wallMs),
      naiveCpuMs: linesMs,
      naiveWallMs: spreadOf(lines.map(one => one.wallMs)),
    },
  })
}
