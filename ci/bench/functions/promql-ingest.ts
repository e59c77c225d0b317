import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { z } from 'zod'
import { answerPieces } from './promql-answer.ts'
import type { Bench } from '../result.ts'
import { spreadOf } from '../spread.ts'

const run = promisify(execFile)
const program = join(import.meta.dirname, 'promql-ingest-program.ts')

const CpuMs = z.array(z.number())
const Speed = z.object({
  bytes: z.number(),
  cpuMs: z.object({ parsed: CpuMs, read: CpuMs, collected: CpuMs }),
})
const Memory = z.object({ peaksKb: z.array(z.number()), rssKb: z.number() })

/** Reading answers of Prometheus as they arrive, against JSON.parse: speed, and memory by length. */
export const benchPromqlIngest: Bench = async ({ isSmall, print }) => {
  const [series, rounds] = isSmall ? [2_000, 1] : [100_000, 30]
  const { bytes, cpuMs } = Speed.parse(await answerOf('speed', `${series}`, `${rounds}`))
  const times = cpuMs.parsed.map((parsed, round) => parsed / (cpuMs.read[round] ?? Number.NaN))
  print({
    bench: 'promql-ingest',
    metric: 'series read in the time that JSON.parse takes for one',
    unit: '×',
    measured: spreadOf(times).median,
    goal: { atLeast: 1.5 },
    limit: 'each byte looked at once',
    spread: spreadOf(times),
    details: {
      series,
      rounds,
      bytes,
      parsedMs: spreadOf(cpuMs.parsed),
      readMs: spreadOf(cpuMs.read),
      withLargestKeptMs: spreadOf(cpuMs.collected),
    },
  })

  const server = createServer((request, response) => {
    void sizeIn(request).then(size => Readable.from(answerPieces(size)).pipe(response))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('the server has no port')
    const sizes = isSmall ? [1_000, 2_000] : [100_000, 1_000_000]
    const url = `http://127.0.0.1:${address.port}`
    const { peaksKb, rssKb } = Memory.parse(await answerOf('memory', url, ...sizes.map(String)))
    print({
      bench: 'promql-ingest',
      metric: `memory for an answer of ${sizes.at(-1)} series`,
      unit: 'MB',
      measured: Math.max(0, peaksKb.at(-1) ?? Number.NaN) / 1_000,
      goal: { atMost: 32 },
      limit: '20,000 entries and one part of the answer',
      details: { sizes, peaksMb: peaksKb.map(kb => kb / 1_000), rssMb: rssKb / 1_000 },
    })
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

async function answerOf(...words: string[]): Promise<unknown> {
  const { stdout } = await run(process.execPath, [program, ...words])
  return JSON.parse(stdout)
}

/** The query says how many series are wanted. */
async function sizeIn(request: AsyncIterable<Buffer>): Promise<number> {
  let body = ''
  for await (const part of request) body += part.toString()
  return Number(new URLSearchParams(body).get('query'))
}
