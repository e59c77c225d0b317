import { z } from 'zod'
import { byteSize } from '../../byte-size.ts'
import { duration } from '../../duration.ts'

const Spool = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .describe('Keep what waits on disk, where the agent has a folder for it'),
  maxBytes: byteSize('16Mi', '1Ti')
    .prefault('512Mi')
    .describe('Bytes on disk at most; the oldest samples go first'),
  maxAge: duration('1m', '720h')
    .prefault('24h')
    .describe('Older samples are not sent any more: the receiver must take such old ones'),
})

/** What can be set of every sink whose destination may be away. */
export function deliveryShape() {
  return {
    queueLimit: z
      .int()
      .min(1)
      .default(100_000)
      .describe('Samples held in memory, some 10 bytes each; without a spool the oldest go first'),
    maxParallel: z
      .int()
      .min(1)
      .max(50)
      .default(4)
      .describe('Requests in flight at a time, of different series; one as long as one holds all'),
    spool: Spool.prefault({}).describe(
      'What waits outlives the agent, where spool.directory is set',
    ),
  }
}

/** Parsed; `maxAge` is in ms by then. */
export type SpoolOptions = z.output<typeof Spool>
