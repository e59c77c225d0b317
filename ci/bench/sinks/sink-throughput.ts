import { execFile, fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempDisposableSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import { RemoteWriteOptions } from '../../../agent/sinks/remote-write/options.ts'
import { labelsOf } from '../../../agent/sinks/series-labels.ts'
import { sinkFolder } from '../../../agent/sinks/spool/folder.ts'
import { openSpool } from '../../../agent/sinks/spool/spool.ts'
import { SECOND_LIFE } from '../../../agent/start.ts'
import type { Bench } from '../result.ts'
import { backlogOf } from './sink-throughput-backlog.ts'

const run = promisify(execFile)

const SINK = 'main'
const Listening = z.object({ address: z.object({ port: z.number() }) })
const Tally = z.object({
  requests: z.number(),
  samplesByMoment: z.array(z.tuple([z.number(), z.number()])),
  hash: z.string().optional(),
})
const Naive = z.object({ seconds: z.number() })
const Drained = Naive.extend({
  cpuSeconds: z.number(),
  sent: z.number(),
  dropped: z.number(),
  wireBytes: z.number(),
  /** Most resident memory from a tenth to the half of the samples, and from there to the end. */
  earlyKb: z.number(),
  lateKb: z.number(),
})

type Backlog = { readonly series: number; readonly moments: number; readonly endMs: number }

/**
 * What an outage of almost three hours left in the spool of a sink goes through remote write to a receiver
 * that costs next to nothing; against a sender with an object for each sample, for the latest tenth of it.
 * Both with the agent's own options of V8.
 */
export const benchSinkThroughput: Bench = async ({ isSmall, print }) => {
  const [series, moments] = isSmall ? [1_200, 20] : [10_000, 1_000]
  const backlog = { series, moments, endMs: Date.now() }
  const tenth = { ...backlog, moments: moments / 10 }
  await using receiver = await startReceiver(isSmall)
  using folder = mkdtempDisposableSync(join(tmpdir(), 'podatlas-throughput-'))
  const options = RemoteWriteOptions.parse({ type: 'prometheus', endpoint: receiver.endpoint })
  const { spooledBytes, samples } = await writeBacklog(backlog, folder.path, options)

  const words = [receiver.endpoint, ...Object.values(tenth).map(String)]
  const naive = Naive.parse(await outputOf('sink-throughput-naive.ts', words))
  const naiveSamples = requireOnce(await receiver.tally(), tenth)

  const sinks = JSON.stringify({ [SINK]: options })
  const told = [sinks, folder.path, String(samples)]
  const drained = Drained.parse(await outputOf('sink-throughput-program.ts', told))
  const { sent, dropped, seconds, cpuSeconds, wireBytes, earlyKb, lateKb } = drained
  const tally = await receiver.tally()
  if (requireOnce(tally, backlog) !== sent || dropped > 0)
    throw new Error(`${sent} samples sent and ${dropped} dropped, of ${samples}`)

  const perSecond = sent / seconds
  const naivePerSecond = naiveSamples / naive.seconds
  const bench = 'sink-throughput'
  const details = {
    samples,
    seconds,
    cpuSeconds,
    requests: tally.requests,
    wireBytesPerSample: wireBytes / samples,
    spooledBytesPerSample: spooledBytes / samples,
  }
  print({
    bench,
    metric: 'from the spool through remote write',
    unit: 'samples/s',
    measured: perSecond,
    goal: { atLeast: 100_000 },
    limit: 'the CPU of encoding',
    details,
  })
  print({
    bench,
    metric: 'faster than with an object for each sample',
    unit: '×',
    measured: perSecond / naivePerSecond,
    goal: { atLeast: 1 },
    limit: 'the CPU of encoding',
    details: { naivePerSecond, naiveSamples, naiveSeconds: naive.seconds },
  })
  print({
    bench,
    metric: 'peak memory late, of that early',
    unit: '×',
    measured: lateKb / earlyKb,
    goal: { atMost: 1.1 },
    limit: '1: flat',
    details: { earlyMb: (earlyKb * 1_024) / 1e6, lateMb: (lateKb * 1_024) / 1e6 },
  })
}

async function writeBacklog(
  { series, moments, endMs }: Backlog,
  folder: string,
  { spool: { maxBytes, maxAge: maxAgeMs } }: RemoteWriteOptions,
) {
  const directory = sinkFolder(folder, SINK)
  const spool = openSpool({ directory, maxBytes, maxAgeMs, maxHeld: 0, onDrop })
  for (const moment of backlogOf(series, moments, endMs)) spool.append(moment)
  const written = { spooledBytes: spool.bytes(), samples: spool.unsettled() }
  await spool.close()
  return written
}

function onDrop(count: number, reason: string): never {
  throw new Error(`${count} samples dropped while the backlog was written: ${reason}`)
}

async function outputOf(program: string, words: readonly string[]): Promise<unknown> {
  const args = [...SECOND_LIFE.options, join(import.meta.dirname, program), ...words]
  const env = { ...process.env, ...SECOND_LIFE.env }
  const { stdout } = await run(process.execPath, args, { env })
  return JSON.parse(stdout)
}

async function startReceiver(isDecoding: boolean) {
  const program = join(import.meta.dirname, 'sink-throughput-receiver.ts')
  const child = fork(program, isDecoding ? ['decode'] : [], { execArgv: [] })
  const [listening] = await once(child, 'message')
  const { address } = Listening.parse(listening)
  return {
    endpoint: `http://127.0.0.1:${address.port}/api/v1/write`,
    /** What came since it was asked before. */
    tally: async () => {
      const told = once(child, 'message')
      child.send('tally')
      return Tally.parse((await told)[0])
    },
    [Symbol.asyncDispose]: async () => {
      if (!child.connected) return
      const ended = once(child, 'exit')
      child.disconnect()
      await ended
    },
  }
}

/** Throws unless all moments came with as many samples as they have, and the same ones where they were decoded; gives how many. */
function requireOnce(
  { samplesByMoment, hash }: z.output<typeof Tally>,
  { series, moments, endMs }: Backlog,
): number {
  const came = new Map(samplesByMoment)
  const lines: string[] = []
  let count = 0
  for (const moment of backlogOf(series, moments, endMs)) {
    const { timestampMs, series: all, values } = moment
    if (came.get(timestampMs) !== all.length)
      throw new Error(`${came.get(timestampMs)} of ${all.length} samples of ${timestampMs} came`)
    count += all.length
    if (hash === undefined) continue
    for (const [index, one] of all.entries())
      lines.push(JSON.stringify([labelsOf(one), values?.[index], timestampMs]))
  }
  if (came.size !== moments) throw new Error(`${came.size} moments came instead of ${moments}`)
  if (hash !== undefined && hash !== hashOf(lines)) throw new Error('other samples came')
  return count
}

function hashOf(lines: readonly string[]): string {
  return createHash('sha256').update(lines.toSorted().join('\n')).digest('hex')
}
