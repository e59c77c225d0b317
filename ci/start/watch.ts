import { setTimeout as sleep } from 'node:timers/promises'
import { readConnections, type Connections } from './connections.ts'

export type WatchOptions = {
  readonly page: string
  /** Ends the watch when it is aborted. */
  readonly until: AbortSignal
  /** Rejects when something that we need ended by itself. */
  readonly lost: Promise<never>
  readonly show: (connections: Connections, elapsedMs: number) => void
}

const everyMs = 1_000
// Short, so that the rates follow what happens; geoip takes no less.
const windowSeconds = 10

/** Reads once a second and shows it, until told to end. A reading that fails shows as a problem. */
export async function watch({ page, until, lost, show }: WatchOptions): Promise<void> {
  const startedMs = Date.now()
  let last: Connections = { generatedAt: null, problem: null, truncated: 0, rows: [] }
  while (!until.aborted) {
    last = await Promise.race([readOr(last, page, until), lost])
    if (until.aborted) return
    show(last, Date.now() - startedMs)
    await Promise.race([sleep(everyMs, undefined, { signal: until }).catch(() => {}), lost])
  }
}

/**
 * Reads until the agent has drained what `containers` exchanged before now: their bytes stand still
 * from one reading to the next. After 15 s it answers what it has.
 */
export async function readSettled(
  page: string,
  seconds: number,
  containers: readonly string[],
): Promise<Connections> {
  // Three drains of the agent, and what they take to Prometheus.
  const drainedMs = Date.now() + 3_000
  const latestMs = Date.now() + 15_000
  let last: Connections | undefined
  for (;;) {
    await sleep(everyMs)
    const next = await readConnections(page, seconds)
    // geoip repeats an answer for a while: one of an earlier time proves nothing.
    const isNew = next.generatedAt !== last?.generatedAt
    const isDrained = Date.parse(next.generatedAt ?? '') >= drainedMs
    const stands = last !== undefined && bytesOf(next, containers) === bytesOf(last, containers)
    if ((isNew && isDrained && stands) || Date.now() > latestMs) return next
    last = next
  }
}

function bytesOf({ rows }: Connections, containers: readonly string[]): number {
  const theirs = rows.filter(({ container }) => containers.includes(container ?? ''))
  return theirs.reduce((sum, { bytesSent, bytesReceived }) => sum + bytesSent + bytesReceived, 0)
}

async function readOr(last: Connections, page: string, until: AbortSignal): Promise<Connections> {
  try {
    return await readConnections(page, windowSeconds, until)
  } catch (error) {
    return { ...last, problem: `geoip: ${error instanceof Error ? error.message : String(error)}` }
  }
}
