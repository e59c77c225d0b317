import { z } from 'zod'

export const StdoutOptions = z.strictObject({
  type: z.literal('stdout'),
  format: z
    .enum(['text', 'table', 'json'], 'use text, table or json')
    .default('text')
    .describe(
      'text: a line per connection target that moved; table: aligned, with a header; json: a line per sample',
    ),
  queueLimit: z.int().min(1).default(100_000).describe('Samples held while nobody reads'),
})

export type StdoutOptions = z.output<typeof StdoutOptions>
