import { constant, constantFrom, oneof, record, type Arbitrary } from 'fast-check'
import { NAMED_FAULTS, type Fault } from './fault-proxy.ts'

/** What a request may meet, in such shares that most schedules come to their end. */
export const anyFault: Arbitrary<Fault> = oneof(
  { weight: 5, arbitrary: constant('passes' as const) },
  { weight: 8, arbitrary: constantFrom(...NAMED_FAULTS) },
  { weight: 3, arbitrary: constantFrom(413, 415, 429, 500, 503).map(status => ({ status })) },
  {
    weight: 1,
    arbitrary: record({
      status: constantFrom(429, 503),
      retryAfter: constantFrom('seconds' as const, 'date' as const),
    }),
  },
)
