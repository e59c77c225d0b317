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
  /** Of all requests of a tick, per way and round; "packed" with snappy. */
  cpuMs: z.object({
    library: CpuMs,
    libraryPacked: CpuMs,
    ours: CpuMs,
    oursPacked: CpuMs,
    ours1Packed: CpuMs,
  }),
  /** Per series on the wire: 1.0, 2.0, and 2.0 before compression. */
  bytes1: z.number(),
  bytes2: z.number(),
  plainBytes2: z.number(),
})

/**
 * One tick of 10,000 series as remote write 2.0, against protobufjs with remote write 1.0: time before
 * compression, and bytes after it. Once as Node comes, and once with the agent's own options of V8.
 */
export const benchRwEncode: Bench = async ({ isSmall, print }) => {
  const [series, rounds] = isSmall ? [1_200, 1] : [10_000, 60]
  const modes = { 'as Node comes': [], "with the agent's options": SECOND_LIFE.options }
  for (const [mode, options] of Object.entries(modes)) {
    const program = join(import.meta.dirname, 'rw-encode-program.ts')
    const words = [...options, program, `${series}`, `${rounds}`]
    const { stdout } = await run(process.execPath, words)
    const measured = Measured.parse(JSON.parse(stdout))
    const { library, libraryPacked, ours, oursPacked, ours1Packed } = measured.cpuMs
    const { series: total, plainBytes2 } = measured
    const ratio = perRound(library, ours)
    const details = {
      series: total,
      rounds,
      plainBytes2,
      libraryMs: spreadOf(library),
      oursMs: spreadOf(ours),
      oursPackedMs: spreadOf(oursPacked),
      ours1PackedMs: spreadOf(ours1Packed),
      ratioPacked: perRound(libraryPacked, oursPacked),
    }
    print({
      bench: 'rw-encode',
      metric: `faster than protobufjs with 1.0, ${mode}`,
      unit: '×',
      measured: ratio.median,
      goal: { atLeast: 4 },
      limit: 'a copy of 40 B a series',
      spread: ratio,
      noise: perRound(library.slice(1), library),
      details,
    })
    if (options.length > 0) continue
    print({
      bench: 'rw-encode',
      metric: 'bytes on the wire, of those of 1.0',
      unit: '×',
      measured: measured.bytes2 / measured.bytes1,
      goal: { atMost: 0.55 },
      limit: '7 B a series',
      details: { series: total, bytes1: measured.bytes1, bytes2: measured.bytes2 },
    })
  }
}

function perRound(of: readonly number[], by: readonly number[]): Spread {
  return spreadOf(of.map((ms, round) => ms / (by[round] ?? Number.NaN)))
}
