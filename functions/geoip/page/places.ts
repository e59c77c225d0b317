import type { Connection } from '../connections/connections.ts'
import type { Verdict } from '../connections/verdicts.ts'
import { worstOf } from './verdict.ts'

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
  /** The worst of its connections. */
  readonly verdict: Verdict
  readonly connections: number
  /** Bytes per second over the range. */
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

type Rates = Pick<Connection, 'sentPerSecond' | 'receivedPerSecond'>

/** Bytes per second of the chosen direction. */
export function measured(rates: Rates, measure: Measure): number {
  if (measure === 'sent') return rates.sentPerSecond
  if (measure === 'received') return rates.receivedPerSecond
  return rates.sentPerSecond + rates.receivedPerSecond
}

/** Bytes per second of several. */
export function sumOf(rows: readonly Rates[], measure: Measure): number {
  return rows.reduce((total, row) => total + measured(row, measure), 0)
}

function dotOf(key: string, rows: readonly Connection[]): Dot {
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
    verdict: worstOf(rows.map(row => row.verdict)),
    connections: rows.length,
    sentPerSecond: sumOf(rows, 'sent'),
    receivedPerSecond: sumOf(rows, 'received'),
  }
}
