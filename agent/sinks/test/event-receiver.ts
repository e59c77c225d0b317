import { once } from 'node:events'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { z } from 'zod'
import type { Labels } from '../../model.ts'
import type { Answering } from './write-receiver.ts'
import { until } from './write-receiver.ts'

/** What New Relic takes of an event: names and limits as its Event API documents them. */
const attributeName = z.string().regex(/^[A-Za-z0-9_.:]{1,255}$/)
const attributeValue = z.union([z.string().max(4_096), z.number()])
const Event = z
  .object({
    eventType: z.string().regex(/^[A-Za-z0-9_:]{1,255}$/),
    timestamp: z.int(),
  })
  .catchall(attributeValue)
  .refine(event => !('accountId' in event || 'appId' in event), 'a reserved name')
  .refine(event => Object.keys(event).every(name => attributeName.safeParse(name).success), 'names')
  .refine(event => Object.keys(event).length <= 254, 'more than 254 attributes')
  .refine(event => Math.abs(Date.now() - event.timestamp) < 24 * 3_600_000, 'not of this day')
const Events = z.array(Event).min(1).max(2_000)

export type Event = z.output<typeof Event>

type EventRequest = {
  readonly headers: IncomingHttpHeaders
  readonly events: readonly Event[]
  /** When it had come, ms of `performance.now()`. */
  readonly cameMs: number
}

export const LICENSE_KEY = 'eu01xx0123456789abcdef0123456789FFFFNRAL'

/**
 * Stands in for New Relic's Event API, which tests cannot reach: a real HTTP server on loopback that
 * obeys every documented limit to the letter, and is stricter where the real one says no to data only
 * after it said yes to the request: then it answers 400 and `faults` says why.
 */
export async function eventReceiver(account = '1234567') {
  const requests: EventRequest[] = []
  const taken: Event[] = []
  const faults: string[] = []
  const scripted: Answering[] = []
  let isSilent = false
  let standing: Answering = { status: 200, text: '{"success":true,"uuid":"0-0"}' }

  async function answer({ method, url, headers, ...incoming }: Received): Promise<Answering> {
    if (method !== 'POST' || url !== `/v1/accounts/${account}/events`) return fault(404, `${url}`)
    if (headers['api-key'] !== LICENSE_KEY) return { status: 403, text: 'Invalid license key' }
    if (headers['content-type'] !== 'application/json') return fault(415, 'content type')
    if (headers['content-encoding'] !== 'gzip') return fault(415, 'not compressed')
    const json = gunzipSync(incoming.body)
    if (json.length > 1_000_000) return fault(413, `${json.length} bytes`)
    // Throws where it is no UTF-8.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(json)
    const parsed = Events.safeParse(JSON.parse(text))
    if (!parsed.success) return fault(400, z.prettifyError(parsed.error))
    requests.push({ headers, events: parsed.data, cameMs: performance.now() })
    const answering = scripted.shift() ?? standing
    if (answering !== 'hang' && answering.status < 300) taken.push(...parsed.data)
    return isSilent ? 'hang' : answering
  }

  function fault(status: number, text: string): Answering {
    faults.push(`${status}: ${text}`)
    return { status, text }
  }

  async function reply(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method, url, headers } = incoming
    const answering = await answer({ method, url, headers, body: await buffer(incoming) })
    if (answering === 'hang') return
    outgoing.writeHead(answering.status, answering.headers).end(answering.text)
  }

  const server = createServer((incoming, outgoing) => void reply(incoming, outgoing))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not listening on TCP')

  return {
    /** Settings of a sink that delivers here. */
    options: {
      type: 'newrelic',
      account,
      key: LICENSE_KEY,
      endpoint: `http://127.0.0.1:${address.port}`,
    } as const,
    /** Every request with events that are as they must be, taken or not. */
    requests,
    /** Every event that was taken, in the order of its arrival. */
    taken,
    /** What of the API's rules was broken. */
    faults,
    /** Answers the next requests in turn, then as before. */
    answerNext: (...answers: Answering[]) => scripted.push(...answers),
    answerAll: (answering: Answering) => (standing = answering),
    /** Takes what comes, and does not say so. */
    beSilent: (silent: boolean) => (isSilent = silent),
    /** Waits for so many taken events and returns all that were. */
    received: (count: number) => until(() => taken.length >= count).then(() => taken),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise(closed => server.close(closed))
    },
  }
}

type Received = Pick<IncomingMessage, 'method' | 'url' | 'headers'> & { readonly body: Buffer }

/** Of the counter of `exampleSeries` whose bytes an event tells. */
export function labelsOfSent(event: Event): Labels {
  return [
    ['__name__', 'podatlas_transmit_bytes_total'],
    ['destination_ip', String(event['destination.ip'])],
    ['destination_port', String(event['destination.port'])],
    ['k8s_pod', String(event['k8s.pod'])],
    ['protocol', String(event.protocol)],
    ['role', String(event.role)],
  ]
}
