import { describe, expect } from 'vitest'
import { eventReceiver, labelsOfSent } from '../test/event-receiver.ts'
import { faultContract } from '../test/fault-contract.ts'
import type { Arrived } from '../test/write-request-decode.ts'
import { newRelic } from './newrelic.ts'
import { NewRelicOptions } from './options.ts'

// Another one each time; PODATLAS_SEED brings back the one that a failure named.
const seed = Number(process.env.PODATLAS_SEED ?? Math.floor(Math.random() * 2 ** 31))

describe('events of New Relic', () =>
  faultContract(
    async () => {
      const receiver = await eventReceiver()
      return {
        sink: { options: NewRelicOptions, open: newRelic },
        options: receiver.options,
        received: async () =>
          receiver.taken.map((event): Arrived => ({
            labels: labelsOfSent(event),
            value: Number(event['bytes.tx']),
            timestampMs: event.timestamp,
            isStale: false,
          })),
        startOutage: () => undefined,
        endOutage: () => undefined,
        [Symbol.asyncDispose]: async () => {
          expect(receiver.faults).toEqual([])
          await receiver[Symbol.asyncDispose]()
        },
      }
    },
    { seed, tellsEnds: false, tellsChanges: true },
  ))
