import type { Connection } from '../connections.ts'

/** The bytes that give a dot its area. */
export type Measure = 'both' | 'sent' | 'received'

/** A dot: all connections to one city, or to one point where the city has no name. */
export type Dot = {
  readonly key: string
  readonly name: string
  readonly country: string | null
  readonly countryName: string | null
  readonly latitude: number
  readonly longitude: number
  readonly connections: number
  readonly bytesSent: number
  readonly bytesReceived: number
  readonly sentPerSecond: number
  readonly receivedPerSecond: number
}

/** Identifies the place of a connection; undefined for those without coordinates. */
export function placeKey(row: Connection): string | undefined {
  if (row.latitude === null || row.longitude === null) return undefined
  if (row.city === null) return `${row.latitude},${row.longitude}`
  return [row.country, row.region, row.city].filter(Boolean).join('/')
}

/** One dot per place, largest by the chosen measure first. */
export function dotsOf(rows: readonly Connection[], measure: Measure): Dot[] {
  const groups = Map.groupBy(rows, placeKey)
  const dots = [...groups].flatMap(([key, group]) => (key === undefined ? [] : [dotOf(key, group)]))
  return dots.toSorted(
    (a, b) => measured(b, measure) - measured(a, measure) || a.key.localeCompare(b.key),
  )
}

export function measured(dot: Dot, measure: Measure): number {
  if (measure === 'sent') return dot.bytesSent
  if (measure === 'received') return dot.bytesReceived
  return dot.bytesSent + dot.bytesReceived
}

function dotOf(key: string, rows: readonly Connection[]): Dot {
  const sum = (number: (row: Connection) => number) =>
    rows.reduce((total, row) => total + number(row), 0)
  // Ranges of one city differ a little in their coordinates; the busiest one stands for all.
  const [main] = rows.toSorted(
    (a, b) => b.bytesSent + b.bytesReceived - a.bytesSent - a.bytesReceived,
  )
  return {
    key,
    name: main?.city ?? main?.region ?? main?.countryName ?? 'Unnamed place',
    country: main?.country ?? null,
    countryName: main?.countryName ?? null,
    latitude: main?.latitude ?? 0,
    longitude: main?.longitude ?? 0,
    connections: rows.length,
    bytesSent: sum(row => row.bytesSent),
    bytesReceived: sum(row => row.bytesReceived),
    sentPerSecond: sum(row => row.sentPerSecond),
    receivedPerSecond: sum(row => row.receivedPerSecond),
  }
}
