import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import { SECOND_LIFE } from '../../../agent/start.ts'
import type { Bench } from '../result.ts'
import { spreadOf, type Spread } from '../spread.ts'

const run = promisify(execFile)
const program = join(import.meta.dirname, 'otlp-encode-program.ts')

const CpuMs = z.array(z.number())
const Measured = z.object({
  series: z.number(),
  /** Of all requests of a tick, per round. */
  cpuMs: z.object({ plain: CpuMs, gzip: CpuMs }),
  /** Per series, of the body of HTTP. */
  plainBytes: z.number(),
  gzipBytes: z.number(),
})

/**
 * One tick of 10,000 series as OTLP over HTTP, against protobufjs with the same message: before
 * compression, and with gzip as the sink does it. Once as Node comes, and once with the agent's own
 * options of V8.
 */
export const benchOtlpEncode: Bench = async ({ isSmall, print }) => {
  const [series, rounds] = isSmall ? [1_200, 1] : [10_000, 60]
  const modes = { 'as Node comes': [], "with the agent's options": SECOND_LIFE.options }
  for (const [mode, options] of Object.entries(modes)) {
    const measured = async (by: string) => {
      const words = [...options, program, by, `${series}`, `${rounds}`]
      const { stdout } = await run(process.execPath, words)
      return Measured.parse(JSON.parse(stdout))
    }
    const library = await measured('library')
    const ours = await measured('ours')
    const ratio = perRound(library.cpuMs.plain, ours.cpuMs.plain)
    const { plainBytes, gzipBytes } = ours
    print({
      bench: 'otlp-encode',
      metric: `faster than protobufjs, ${mode}`,
      unit: '×',
      measured: ratio.median,
      goal: { atLeast: 1 },
      limit: `a copy of ${Math.round(plainBytes)} B a series`,
      spread: ratio,
      noise: perRound(library.cpuMs.plain.slice(1), library.cpuMs.plain),
      details: {
        series: ours.series,
        rounds,
        plainBytes,
        gzipBytes,
        libraryMs: spreadOf(library.cpuMs.plain),
        libraryGzipMs: spreadOf(library.cpuMs.gzip),
        oursMs: spreadOf(ours.cpuMs.plain),
        oursGzipMs: spreadOf(ours.cpuMs.gzip),
        ratioGzip: perRound(library.cpuMs.gzip, ours.cpuMs.gzip),
      },
    })
  }
}

function perRound(of: readonly number[], by: readonly number[]): Spread {
  return spreadOf(of.map((ms, round) => ms / (by[round] ?? Number.NaN)))
}
