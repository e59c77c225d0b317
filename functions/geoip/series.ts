import { gaugeHead, label, sampleValue } from '../program/exposition.ts'
import type { Query } from './config.ts'
import type { Entries, Entry } from './entries.ts'
import type { Found } from './database/lookup.ts'

// A short connection would lose its country before the window of a rate over it ends.
const keepAddressMs = 10 * 60_000

// What Prometheus itself takes for "still there": values older than this say nothing about now.
const keepValuesMs = 5 * 60_000

const linesOfPiece = 1_000

export const geoIpHead = gaugeHead(
  'geo_ip',
  'Value of the query for each public address, with its place',
)

export const geoInfoHead = gaugeHead(
  'podatlas_geo_info',
  'Always 1; the labels say where a public address is, for joins on destination_ip',
)

type Answer = { readonly entries: readonly Entry[]; readonly answeredMs: number }

export type PlaceSeries = {
  /** Replaces the values of a query by those of a new answer. Answers how many addresses had to go. */
  readonly replace: (query: Query, entries: Entries, nowMs: number) => number
  /** Ends what is too old to be true while no answers come. */
  readonly expire: (query: Query, nowMs: number) => void
  /** The lines of geo_ip and podatlas_geo_info, piece by piece, so that none holds others up. */
  readonly pieces: () => Generator<string>
}

/** The series that say where addresses are; `maxKnown` bounds those that are remembered. */
export function placeSeries(maxKnown: number): PlaceSeries {
  const answers = new Map<Query, Answer>()
  const known = new Map<string, Found & { readonly seenMs: number }>()

  return {
    replace: (query, { kept }, nowMs) => {
      answers.set(query, { entries: kept, answeredMs: nowMs })
      for (const { address, place, network } of kept.toReversed()) {
        // Deleted first, so that the map stays in the order of last sight.
        known.delete(address)
        const found = { ...(place && { place }), ...(network && { network }) }
        known.set(address, { seenMs: nowMs, ...found })
      }
      return forget(nowMs)
    },
    expire: (query, nowMs) => {
      const answeredMs = answers.get(query)?.answeredMs ?? nowMs
      if (nowMs - answeredMs > keepValuesMs) answers.delete(query)
      forget(nowMs)
    },
    pieces: function* pieces() {
      yield geoIpHead
      for (const [query, { entries }] of answers) {
        yield* joined(entries, entry => valueLine(query, entry))
      }
      yield geoInfoHead
      yield* joined([...known], ([address, found]) => infoLine(address, found))
    },
  }

  function forget(nowMs: number): number {
    let gone = 0
    for (const [address, { seenMs }] of known) {
      const isOld = nowMs - seenMs > keepAddressMs
      if (!isOld && known.size <= maxKnown) break
      known.delete(address)
      if (!isOld) gone++
    }
    return gone
  }
}

function* joined<Item>(items: readonly Item[], line: (item: Item) => string): Generator<string> {
  for (let from = 0; from < items.length; from += linesOfPiece) {
    yield items
      .slice(from, from + linesOfPiece)
      .map(line)
      .join('')
  }
}

function valueLine(query: Query, { address, carried, value, place, network }: Entry): string {
  const own = query.labels.map((name, at) => label(name, carried[at])).join('')
  const where = `${label('country', place?.country)}${label('city', place?.city)}${label('region', place?.region)}${label('zip', place?.postcode)}`
  const labels = `${own}${label('query', query.name)}ip="${address}",${where}${coordinates(place)}${labelsOfNetwork(network)}`
  return `geo_ip{${labels.slice(0, -1)}} ${sampleValue(value)}\n`
}

function infoLine(address: string, { place, network }: Found): string {
  const country = `${label('country', place?.country ?? 'unknown')}${label('country_name', place?.countryName)}`
  const where = `${country}${label('city', place?.city)}${label('region', place?.region)}`
  const labels = `destination_ip="${address}",${where}${coordinates(place)}${labelsOfNetwork(network)}`
  return `podatlas_geo_info{${labels.slice(0, -1)}} 1\n`
}

function coordinates(place: Found['place']): string {
  return `${label('latitude', place?.latitude)}${label('longitude', place?.longitude)}`
}

function labelsOfNetwork(network: Found['network']): string {
  return `${label('asn', network?.asNumber)}${label('as_name', network?.asOrganization)}`
}
