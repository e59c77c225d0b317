import type { Locate } from '../locate.ts'
import type { Ask } from '../../prometheus/query.ts'
import type { VectorSample } from '../../prometheus/samples.ts'
import { matchersOf, measure, selector } from './promql.ts'
import type { Policy, Verdict, Verdicts } from './verdicts.ts'
import type { ViewRequest } from './view-request.ts'

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
  /** The place is right to so many kilometres. */
  readonly accuracyKm: number | null
  /** The autonomous system that the address is in. */
  readonly asNumber: number | null
  readonly asOrganization: string | null
  readonly verdict: Verdict
  /** Names of the geofence policies that it violates. */
  readonly violates: readonly string[]
  /** Bytes since the counter began. */
  readonly bytesSent: number
  readonly bytesReceived: number
  /** Bytes per second over the window. */
  readonly sentPerSecond: number
  readonly receivedPerSecond: number
}

export type ConnectionRows = {
  readonly rows: readonly Connection[]
  /** Those in force; without any, every verdict is `unknown`. */
  readonly policies: readonly Policy[]
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

/** Reads the rows of the page from Prometheus, the numbers of all in one query. Throws QueryError. */
export function connectionReader(options: {
  ask: Ask
  locate: Locate
  readVerdicts: (request: ViewRequest) => Promise<Verdicts>
  maxRows: number
}): (request: ViewRequest) => Promise<ConnectionRows> {
  const { ask, locate, readVerdicts, maxRows } = options
  return async request => {
    const [{ samples }, { policies, judge }] = await Promise.all([
      ask(connectionsQuery(request, maxRows), request.endSeconds),
      readVerdicts(request),
    ])
    const drafts = new Map<string, Draft>()
    let found = 0
    for (const { labels: all, value } of samples) {
      const name = all['measure']
      if (name === 'rows') found = value
      else if (name && all['destination_ip']) draftFor(drafts, all).numbers.set(name, value)
    }
    const { countries } = request.filters
    const rows = [...drafts.values()].map(draft => rowOf(draft, locate, judge))
    return {
      rows: countries.length === 0 ? rows : rows.filter(row => countries.includes(countryOf(row))),
      truncated: Math.max(0, found - rows.length),
      policies,
    }
  }
}

/** One expression, so that all four numbers of a row are of the same instant. */
function connectionsQuery({ windowSeconds, filters }: ViewRequest, maxRows: number): string {
  const matchers = matchersOf(filters)
  const by = `sum by (${labels.join(', ')})`
  const names = '__name__=~"podatlas_(transmit|receive)_bytes_total"'
  const either = `${by} (${selector('', [names, ...matchers])})`
  const sent = selector('podatlas_transmit_bytes_total', matchers)
  const received = selector('podatlas_receive_bytes_total', matchers)
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

/** As filters and rules name it. */
function countryOf({ country, isPublic }: Pick<Connection, 'country' | 'isPublic'>): string {
  return country ?? (isPublic ? 'unknown' : 'none')
}

type Draft = { readonly labels: VectorSample['labels']; readonly numbers: Map<string, number> }

function draftFor(drafts: Map<string, Draft>, all: VectorSample['labels']): Draft {
  const key = JSON.stringify(labels.map(name => all[name]))
  const draft = drafts.get(key) ?? { labels: all, numbers: new Map<string, number>() }
  drafts.set(key, draft)
  return draft
}

function rowOf(
  { labels: all, numbers }: Draft,
  locate: Locate,
  judge: Verdicts['judge'],
): Connection {
  const address = all['destination_ip'] ?? ''
  const { result, place, network } = locate(address)
  const port = Number(all['destination_port'])
  const owner = {
    namespace: all['k8s_namespace'] ?? null,
    pod: all['k8s_pod'] ?? null,
    role: all['role'] ?? null,
  }
  const isLookedUp = result === 'found' || result === 'unknown'
  const country = place?.country ?? null
  const asNumber = network?.asNumber ?? null
  return {
    ...owner,
    container: all['container_name'] ?? null,
    node: all['source_host'] ?? null,
    address,
    port: Number.isInteger(port) ? port : null,
    isPublic: isLookedUp || result === 'folded',
    country,
    countryName: place?.countryName ?? null,
    city: place?.city ?? null,
    region: place?.region ?? null,
    latitude: place?.latitude ?? null,
    longitude: place?.longitude ?? null,
    accuracyKm: place?.accuracyKm ?? null,
    asNumber,
    asOrganization: network?.asOrganization ?? null,
    ...judge({
      ...owner,
      country: countryOf({ country, isPublic: isLookedUp }),
      asNumber,
    }),
    bytesSent: numbers.get('bytesSent') ?? 0,
    bytesReceived: numbers.get('bytesReceived') ?? 0,
    sentPerSecond: numbers.get('sentPerSecond') ?? 0,
    receivedPerSecond: numbers.get('receivedPerSecond') ?? 0,
  }
}
