import type { Telemetry } from '../telemetry.ts'
import { badAnswer, parseAnswer } from './api-answer.ts'
import { ApiError, getBody, textOf, type ApiServer } from './api-server.ts'
import { objectOf, textOf as textIn } from './json.ts'
import { CLOCK, retry, type Clock, type RetryPace } from './retry.ts'

const SUBJECT = 'a node'

export type ZoneParts = {
  readonly server: ApiServer
  readonly nodeName: string
  readonly telemetry: Pick<Telemetry, 'zoneFailures'>
  /** Failures with the same key are one matter: one line a minute. */
  readonly warn: (key: string, line: string) => void
  readonly pace?: Partial<Pace>
  readonly clock?: Clock
}

export type Zone = AsyncDisposable & {
  /** As it was told last; undefined until then, and for a node that has none. */
  readonly current: () => string | undefined
  /** Comes with the first answer, good or bad. */
  readonly answered: Promise<void>
}

type Pace = RetryPace & {
  readonly quietMs: number
  /** The cloud's controller labels a node some seconds after it joined. */
  readonly unlabelledMs: number
  /** Nobody moves a node to another zone. */
  readonly againMs: number
}

const PACE: Pace = {
  firstRetryMs: 500,
  longestRetryMs: 60_000,
  quietMs: 10_000,
  unlabelledMs: 60_000,
  againMs: 600_000,
}

/** Labels, newest first: the second one is what clusters before 1.17 have. */
const ZONE_LABELS = ['topology.kubernetes.io/zone', 'failure-domain.beta.kubernetes.io/zone']

/** Without status and specification, of which a node has 20 KB. */
const METADATA_ONLY = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1'

/**
 * Asks for the agent's own node until disposed, now and then, and for nothing but its labels. Never
 * throws; what was told last stays while the API server is away, and every failure is counted.
 */
export function watchZone(parts: ZoneParts): Zone {
  const { server, nodeName, telemetry, warn, clock = CLOCK } = parts
  const pace = { ...PACE, ...parts.pace }
  const stop = new AbortController()
  const { signal } = stop
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>()
  let zone: string | undefined

  async function ask(): Promise<void> {
    const retries = retry(pace)
    while (!signal.aborted) {
      let waitMs = 0
      try {
        zone = await zoneOf(server, nodeName, { quietMs: pace.quietMs, signal })
        retries.reset()
        waitMs =
          (zone === undefined ? pace.unlabelledMs : pace.againMs) * (0.75 + Math.random() / 2)
      } catch (cause) {
        if (signal.aborted) break
        const error = cause instanceof ApiError ? cause : new ApiError('bad_answer', String(cause))
        tell(error)
        waitMs = retries.nextMs(error.retryAfterMs)
      }
      answer()
      await clock.sleep(waitMs, signal)
    }
    answer()
  }

  function tell(error: ApiError): void {
    const isForbidden = error.reason === 'status_403'
    const reason = isForbidden ? 'forbidden_get_nodes' : error.reason
    telemetry.zoneFailures.inc({ reason })
    const fix = isForbidden
      ? '; grant the verb get on the resource nodes to its service account'
      : ''
    warn(`zone ${reason}`, `cannot get node ${nodeName} for its zone: ${error.message}${fix}`)
  }

  const asking = ask()
  return {
    current: () => zone,
    answered,
    [Symbol.asyncDispose]: () => {
      stop.abort()
      return asking
    },
  }
}

async function zoneOf(
  server: ApiServer,
  nodeName: string,
  options: { readonly quietMs: number; readonly signal: AbortSignal },
): Promise<string | undefined> {
  const path = `/api/v1/nodes/${encodeURIComponent(nodeName)}`
  const text = await textOf(getBody(server, path, { ...options, accept: METADATA_ONLY }))
  const metadata = objectOf(objectOf(parseAnswer(text, SUBJECT))?.metadata)
  if (metadata === undefined) throw badAnswer(text, SUBJECT)
  const labels = objectOf(metadata.labels)
  return ZONE_LABELS.map(label => textIn(labels?.[label])).find(value => value !== undefined)
}
