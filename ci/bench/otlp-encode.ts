import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import { SECOND_LIFE } from '../../agent/start.ts'
import type { Bench } from './result.ts'
import { spreadOf, type Spread } from './spread.ts'

const run = promisify(execFile)

const CpuMs = z.array(z.number())
const Measured = z.object({
  series: z.number(),
  /** Of all requests of a tick, per way and round. */
  cpuMs: z.object({ library: CpuMs, libraryGzip: CpuMs, ours: CpuMs, oursGzip: CpuMs }),
  /** Per series, of the body of HTTP. */
  plainBytes: z.number(),
  gzipBytes: z.number(),
  libraryGzipBytes: z.number(),
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
    const program = join(import.meta.dirname, 'otlp-encode-program.ts')
    const words = [...options, program, `${series}`, `${rounds}`]
    const { stdout } = await run(process.execPath, words)
    const { cpuMs, series: total, ...bytes } = Measured.parse(JSON.parse(stdout))
    const { library, libraryGzip, ours, oursGzip } = cpuMs
    const ratio = perRound(library, ours)
    print({
      bench: 'otlp-encode',
      metric: `faster than protobufjs, ${mode}`,
      unit: '×',
      measured: ratio.median,
      goal: { atLeast: 1 },
      limit: `a copy of ${Math.round(bytes.plainBytes)} B a series`,
      spread: ratio,
      noise: perRound(library.slice(1), library),
      details: {
        series: total,
        rounds,
        ...bytes,
        libraryMs: spreadOf(library),
        libraryGzipMs: spreadOf(libraryGzip),
        oursMs: spreadOf(ours),
        oursGzipMs: spreadOf(oursGzip),
        ratioGzip: perRound(libraryGzip, oursGzip),
      },
    })
  }
}

function perRound(of: readonly number[], by: readonly number[]): Spread {
  return spreadOf(of.map((ms, round) => ms / (by[round] ?? Number.NaN)))
}
