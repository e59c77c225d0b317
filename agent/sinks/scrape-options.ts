import { z } from 'zod'

export const ScrapeOptions = z.strictObject({
  type: z.literal('scrape'),
  path: z
    .string()
    .regex(/^\/(?!healthz$|readyz$)[\w./-]+$/, 'write a path of its own, such as /metrics/traffic')
    .default('/metrics')
    .describe(
      'Page with the traffic, at the address of `listen`; /metrics has the agent’s own too',
    ),
  created: z
    .boolean()
    .default(true)
    .describe('In OpenMetrics, say of each counter since when it counts, by a line `…_created`'),
})

export type ScrapeOptions = z.output<typeof ScrapeOptions>
