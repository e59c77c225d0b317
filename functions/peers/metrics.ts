import { Counter, Gauge, Registry } from 'prom-client'
import type { QueryFailure } from '../prometheus/answer.ts'
import type { Verb } from './list-watch.ts'
import type { OwnerKind } from './owner.ts'
import type { Fault } from './reader.ts'
import type { Resource } from './resources.ts'

/** What is measured when somebody asks. */
export type Sizes = {
  readonly objects: () => Readonly<Record<Resource, number>>
  readonly claims: () => number
  readonly strangers: () => number
}

/** Metrics of the function itself; the info series are no part of it. */
export function peersMetrics(options: { maxPeers: number; sizes: Sizes }) {
  const { maxPeers, sizes } = options
  const registry = new Registry()
  const registers = [registry]
  const objects = new Gauge({
    name: 'podatlas_peers_objects',
    help: 'Objects kept, by resource: those that own an address or stand behind one',
    labelNames: ['resource'],
    registers,
    collect: () => {
      for (const [resource, count] of Object.entries(sizes.objects())) {
        objects.set({ resource }, count)
      }
    },
  })
  const addresses: Gauge = new Gauge({
    name: 'podatlas_peers_addresses',
    help: 'Addresses of pods, services and nodes that are known now, once for each that claims them',
    registers,
    collect: () => {
      addresses.set(sizes.claims())
    },
  })
  const capacity = new Gauge({
    name: 'podatlas_peers_addresses_capacity',
    help: 'Most addresses that may be known (--max-peers)',
    registers,
  })
  capacity.set(maxPeers)
  const classified: Gauge = new Gauge({
    name: 'podatlas_peers_classified_addresses',
    help: 'Addresses of the query that are known now',
    registers,
    collect: () => {
      classified.set(sizes.strangers())
    },
  })
  const leftOut = new Counter({
    name: 'podatlas_peers_left_out_total',
    help: 'Addresses that got no series, by kind and reason, counted each time they were seen',
    labelNames: ['kind', 'reason'],
    registers,
  })
  const badObjects = new Counter({
    name: 'podatlas_peers_bad_objects_total',
    help: 'Faults of objects that were used without the part at fault, by resource and reason',
    labelNames: ['resource', 'reason'],
    registers,
  })
  const watchFailures = new Counter({
    name: 'podatlas_peers_watch_failures_total',
    help: 'Lists and watches that failed, by resource, verb and reason',
    labelNames: ['resource', 'verb', 'reason'],
    registers,
  })
  const watchEvents = new Counter({
    name: 'podatlas_peers_watch_events_total',
    help: 'Events of watches, by resource and type',
    labelNames: ['resource', 'type'],
    registers,
  })
  const lists = new Counter({
    name: 'podatlas_peers_lists_total',
    help: 'Whole lists read, by resource',
    labelNames: ['resource'],
    registers,
  })
  const lastContact = new Gauge({
    name: 'podatlas_peers_last_contact_timestamp_seconds',
    help: 'When the API server last said something about a resource; a bookmark comes each minute',
    labelNames: ['resource'],
    registers,
  })
  const queryFailures = new Counter({
    name: 'podatlas_peers_query_failures_total',
    help: 'Queries for addresses to classify without a usable answer, by reason',
    labelNames: ['reason'],
    registers,
  })

  return {
    registry,
    countLeftOut: (kind: OwnerKind | 'endpoint' | 'classified', reason: string, count: number) => {
      if (count > 0) leftOut.inc({ kind, reason }, count)
    },
    countFault: (resource: Resource, reason: Fault) => badObjects.inc({ resource, reason }),
    countFailure: (resource: Resource, verb: Verb, reason: string) =>
      watchFailures.inc({ resource, verb, reason }),
    countEvent: (resource: Resource, type: string) => watchEvents.inc({ resource, type }),
    countList: (resource: Resource) => lists.inc({ resource }),
    setContact: (resource: Resource, nowMs: number) => lastContact.set({ resource }, nowMs / 1_000),
    countQueryFailure: (reason: QueryFailure | 'no_address') => queryFailures.inc({ reason }),
  }
}
