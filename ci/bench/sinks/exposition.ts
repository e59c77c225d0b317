import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import { SECOND_LIFE } from '../../../agent/start.ts'
import type { Bench } from '../result.ts'
import { spreadOf, type Spread } from '../spread.ts'

const run = promisify(execFile)

const CpuMs = z.array(z.number())
const Measured = z.object({
  series: z.number(),
  /** Of a whole page as bytes, per way and round. */
  cpuMs: z.object({ library: CpuMs, ours: CpuMs, oursOpenMetrics: CpuMs }),
  bytes: z.number(),
})

/**
 * A page of 10,000 series in the text format, against prom-client, after one parser has read the same
 * out of both. Once as Node comes, and once with the agent's own options of V8.
 */
export const benchExposition: Bench = async ({ isSmall, print }) => {
  const [series, rounds] = isSmall ? [1_200, 1] : [10_000, 60]
  const modes = { 'as Node comes': [], "with the agent's options": SECOND_LIFE.options }
  for (const [mode, options] of Object.entries(modes)) {
    const program = join(import.meta.dirname, 'exposition-program.ts')
    const words = [...options, program, `${series}`, `${rounds}`]
    const { stdout } = await run(process.execPath, words)
    const { cpuMs, bytes, series: total } = Measured.parse(JSON.parse(stdout))
    const { library, ours, oursOpenMetrics } = cpuMs
    const ratio = perRound(library, ours)
    print({
      bench: 'exposition',
      metric: `faster than prom-client, ${mode}`,
      unit: '×',
      measured: ratio.median,
      goal: { atLeast: 20 },
      limit: 'a copy of the page',
      spread: ratio,
      noise: perRound(library.slice(1), library),
      details: {
        series: total,
        rounds,
        bytes,
        libraryMs: spreadOf(library),
        oursMs: spreadOf(ours),
        oursOpenMetricsMs: spreadOf(oursOpenMetrics),
      },
    })
  }
}

function perRound(of: readonly number[], by: readonly number[]): Spread {
  return spreadOf(of.map((ms, round) => ms / (by[round] ?? Number.NaN)))
}
