import type { Locate } from './locate.ts'
import type { VectorSample } from '../prometheus/answer.ts'
import type { Ask } from '../prometheus/query.ts'

/** What one container exchanges with one service of a remote address; null means unknown. */
export type Connection = {
  readonly namespace: string | null
  readonly pod: string | null
  readonly container: string | null
  readonly node: string | null
  readonly role: string | null
  /** IP address, or `other` for those that the agent folded into one series. */
  readonly address: string
  readonly port: number | null
  /** Whether the address is on the internet; folded ones may be. */
  readonly isPublic: boolean
  readonly country: string | null
  readonly countryName: string | null
  readonly city: string | null
  readonly region: string | null
  readonly latitude: number | null
  readonly longitude: number | null
  /** Bytes since the counter began. */
  readonly bytesSent: number
  readonly bytesReceived: number
  /** Bytes per second over the window. */
  readonly sentPerSecond: number
  readonly receivedPerSecond: number
}

export type ConnectionRows = {
  readonly rows: readonly Connection[]
  /** Connections beyond the bound, those with the fewest bytes. */
  readonly truncated: number
}

const labels = [
  'k8s_namespace',
  'k8s_pod',
  'container_name',
  'source_host',
  'role',
  'destination_ip',
  'destination_port',
] as const

/** Reads the rows of the page from Prometheus, all in one query. Throws QueryError. */
export function connectionReader(options: {
  ask: Ask
  locate: Locate
  maxRows: number
}): (windowSeconds: number) => Promise<ConnectionRows> {
  const { ask, locate, maxRows } = options
  return async windowSeconds => {
    const { samples } = await ask(connectionsQuery(windowSeconds, maxRows))
    const drafts = new Map<string, Draft>()
    let found = 0
    for (const { labels: all, value } of samples) {
      const name = all['measure']
      if (name === 'rows') found = value
      else if (name && all['destination_ip']) draftFor(drafts, all).numbers.set(name, value)
    }
    const rows = [...drafts.values()].map(draft => rowOf(draft, locate))
    return { rows, truncated: Math.max(0, found - rows.length) }
  }
}

/** One expression, so that all four numbers of a row are of the same instant. */
function connectionsQuery(windowSeconds: number, maxRows: number): string {
  const by = `sum by (${labels.join(', ')})`
  const either = `${by} ({__name__=~"podatlas_(transmit|receive)_bytes_total"})`
  const sent = 'podatlas_transmit_bytes_total'
  const received = 'podatlas_receive_bytes_total'
  const measured = [
    measure('bytesSent', `${by} (${sent})`),
    measure('bytesReceived', `${by} (${received})`),
    measure('sentPerSecond', `${by} (rate(${sent}[${windowSeconds}s]))`),
    measure('receivedPerSecond', `${by} (rate(${received}[${windowSeconds}s]))`),
  ]
  const largest = `topk(${maxRows}, ${either})`
  const count = measure('rows', `count(${either})`)
  return `(${measured.join(' or ')}) and on (${labels.join(', ')}) ${largest} or ${count}`
}

type Draft = { readonly labels: VectorSample['labels']; readonly numbers: Map<string, number> }

function measure(name: string, expression: string): string {
  return `label_replace(${expression}, "measure", "${name}", "", "")`
}

function draftFor(drafts: Map<string, Draft>, all: VectorSample['labels']): Draft {
  const key = JSON.stringify(labels.map(name => all[name]))
  const draft = drafts.get(key) ?? { labels: all, numbers: new Map<string, number>() }
  drafts.set(key, draft)
  return draft
}

function rowOf({ labels: all, numbers }: Draft, locate: Locate): Connection {
  const address = all['destination_ip'] ?? ''
  const { result, place } = locate(address)
  const port = Number(all['destination_port'])
  return {
    namespace: all['k8s_namespace'] ?? null,
    pod: all['k8s_pod'] ?? null,
    container: all['container_name'] ?? null,
    node: all['source_host'] ?? null,
    role: all['role'] ?? null,
    address,
    port: Number.isInteger(port) ? port : null,
    isPublic: result === 'found' || result === 'unknown' || result === 'folded',
    country: place?.country ?? null,
    countryName: place?.countryName ?? null,
    city: place?.city ?? null,
    region: place?.region ?? null,
    latitude: place?.latitude ?? null,
    longitude: place?.longitude ?? null,
    bytesSent: numbers.get('bytesSent') ?? 0,
    bytesReceived: numbers.get('bytesReceived') ?? 0,
    sentPerSecond: numbers.get('sentPerSecond') ?? 0,
    receivedPerSecond: numbers.get('receivedPerSecond') ?? 0,
  }
}
