import { z } from 'zod'

const ownPath = 'write a path of its own, such as /metrics/traffic'

export const ScrapeOptions = z.strictObject({
  type: z.literal('scrape'),
  path: z
    .string(ownPath)
    .regex(/^\/[\w./-]+$/, ownPath)
    // Not by a pattern: those of the chart's schema are read by Helm, which knows no lookahead.
    .refine(path => path !== '/healthz' && path !== '/readyz', ownPath)
    .default('/metrics')
    .describe(
      'Page with the traffic, at the address of `listen`; /metrics has the agent’s own too',
    ),
  created: z
    .boolean()
    .default(false)
    .describe(
      'In OpenMetrics, say of each counter since when it counts, by a line `…_created`: for a Prometheus with created-timestamp-zero-ingestion, as all others store it as a series',
    ),
})

export type ScrapeOptions = z.output<typeof ScrapeOptions>
