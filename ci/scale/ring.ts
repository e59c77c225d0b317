import { join } from 'node:path'
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { freePorts } from '../ports.ts'
import { startThanos, type ThanosProcess } from './thanos.ts'

const RECEIVERS = 3

const Sample = z.tuple([z.number(), z.string()])
const Labels = z.record(z.string(), z.string())
const Vector = z.array(z.object({ metric: Labels, value: Sample }))
const Matrix = z.array(z.object({ metric: Labels, values: z.array(Sample) }))
const Answer = z.object({ data: z.object({ result: z.unknown() }) })

export type Row = { readonly metric: Readonly<Record<string, string>>; readonly value: number }

export type Ring = AsyncDisposable & {
  /** Each takes everything and sees to it that all three hold it. */
  readonly receivers: readonly Receiver[]
  /** Thanos Query over all of them. */
  readonly url: string
  /** An instant query at `atMs`; `raw`: what each replica says by itself. */
  readonly query: (promql: string, atMs: number, way?: 'raw') => Promise<Row[]>
  /** Every sample of the half hour before `atMs` that is stored: moments and values in turn. */
  readonly samples: (
    selector: string,
    atMs: number,
  ) => Promise<{ readonly metric: Row['metric']; readonly samples: number[] }[]>
}

export type Receiver = {
  /** Where remote write goes. */
  readonly endpoint: string
  /** Its data, on disk. */
  readonly folder: string
  readonly pid: () => number
  /** Its own metrics, as a page. */
  readonly metrics: () => Promise<string>
  readonly kill: () => Promise<void>
  /** Again, on the same ports and the same disk, up to where it takes samples. */
  readonly start: () => Promise<void>
}

/**
 * Thanos Receive as a hashring of three with a replication of three, and Thanos Query in front of it: a
 * sample is taken once two of them have it. Everything is on loopback and ends with its block.
 */
export async function startRing(): Promise<Ring> {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await mkdtempDisposable(join(tmpdir(), 'podatlas-ring-')))
  const wishes = Array.from({ length: RECEIVERS * 4 + 2 }, () => 'any' as const)
  const ports = (await freePorts(...wishes)).map(port => `127.0.0.1:${port}`)
  const grpc = ports.splice(0, RECEIVERS)
  const hashring = JSON.stringify([{ endpoints: grpc }])
  const receivers = grpc.map((own, index) => {
    const [http = '', write = '', capnproto = ''] = ports.splice(0, 3)
    const data = join(folder.path, `receiver-${index}`)
    return receiver({ own, http, write, capnproto, hashring, index, folder: data })
  })
  stack.defer(async () => {
    await Promise.all(receivers.map(each => each.kill()))
  })
  await Promise.all(receivers.map(each => each.start()))
  const [http = '', ownGrpc = ''] = ports
  stack.use(
    await startThanos(
      [
        'query',
        `--http-address=${http}`,
        `--grpc-address=${ownGrpc}`,
        ...grpc.map(address => `--endpoint=${address}`),
        '--query.replica-label=receive_replica',
        // Replicas hold the same samples: all of them are wanted once. The default takes one replica
        // as long as it goes on, and with it the gap of a receiver that was down.
        '--deduplication.func=chain',
      ],
      `http://${http}`,
    ),
  )
  const url = `http://${http}`
  await allAnnounced(url)
  const owned = stack.move()
  return {
    receivers,
    url,
    query: async (promql, atMs, way) =>
      Vector.parse(await ask(url, promql, atMs, way)).map(({ metric, value }) => ({
        metric,
        value: Number(value[1]),
      })),
    samples: async (selector, atMs) =>
      Matrix.parse(await ask(url, `${selector}[30m]`, atMs)).map(({ metric, values }) => ({
        metric,
        samples: values.flatMap(([seconds, value]) => [Math.round(seconds * 1_000), Number(value)]),
      })),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

async function ask(url: string, promql: string, atMs: number, way?: 'raw'): Promise<unknown> {
  const time = String(atMs / 1_000)
  const body = new URLSearchParams({ query: promql, time, dedup: String(way !== 'raw') })
  const answer = await fetch(`${url}/api/v1/query`, { method: 'POST', body })
  if (!answer.ok) throw new Error(`${promql}: ${await answer.text()}`)
  return Answer.parse(await answer.json()).data.result
}

/** Query asks its endpoints every few seconds what they have; before that it answers with nothing. */
async function allAnnounced(url: string): Promise<void> {
  const Stores = z.object({ data: z.record(z.string(), z.array(z.unknown())) })
  for (const endMs = Date.now() + 120_000; Date.now() < endMs; await sleep(100)) {
    const answer = await fetch(`${url}/api/v1/stores`)
    const { data } = Stores.parse(await answer.json())
    if (data['receive']?.length === RECEIVERS) return
  }
  throw new Error('Thanos Query does not find the three receivers')
}

type ReceiverParts = {
  readonly own: string
  readonly http: string
  readonly write: string
  readonly capnproto: string
  readonly hashring: string
  readonly index: number
  readonly folder: string
}

function receiver(parts: ReceiverParts): Receiver {
  const words = [
    'receive',
    `--grpc-address=${parts.own}`,
    `--http-address=${parts.http}`,
    `--remote-write.address=${parts.write}`,
    `--receive.capnproto-address=${parts.capnproto}`,
    `--receive.local-endpoint=${parts.own}`,
    `--receive.hashrings=${parts.hashring}`,
    '--receive.hashrings-algorithm=ketama',
    '--receive.replication-factor=3',
    `--label=receive_replica="${parts.index}"`,
    `--tsdb.path=${parts.folder}`,
  ]
  let running: ThanosProcess | undefined
  return {
    endpoint: `http://${parts.write}/api/v1/receive`,
    folder: parts.folder,
    pid: () => running?.pid ?? 0,
    metrics: async () => (await fetch(`http://${parts.http}/metrics`)).text(),
    kill: async () => {
      await running?.[Symbol.asyncDispose]()
      running = undefined
    },
    start: async () => {
      running = await startThanos(words, `http://${parts.http}`)
    },
  }
}
