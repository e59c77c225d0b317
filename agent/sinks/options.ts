import { z } from 'zod'
import { DESPITE_FAULTS } from './http/options.ts'
import { OtlpOptions } from './otlp/options.ts'
import { NewRelicOptions } from './newrelic/options.ts'
import { RemoteWriteOptions } from './remote-write/options.ts'
import { ScrapeOptions } from './scrape/options.ts'
import { StdoutOptions } from './stdout/options.ts'

/** What can be set of every destination, by the `type` that selects it. */
export const sinkSchemas = {
  stdout: StdoutOptions,
  prometheus: RemoteWriteOptions,
  newrelic: NewRelicOptions,
  scrape: ScrapeOptions,
  otlp: OtlpOptions,
}

/** What a sink of the configuration may say; `type` decides which other settings there are. */
export const sinkOptions = z.discriminatedUnion('type', [
  sinkSchemas.stdout,
  sinkSchemas.prometheus,
  sinkSchemas.newrelic,
  sinkSchemas.scrape,
  sinkSchemas.otlp,
])

export type SinkOptions = z.output<typeof sinkOptions>

const PageOwner = z.object({ type: z.literal('scrape'), path: z.string() })

/** The sinks by name; each page of the agent belongs to one of them. */
export const namedSinks = z
  .record(z.string().regex(/^[\w.-]+$/, 'use letters, digits, _, . and - in names'), sinkOptions)
  .superRefine((sinks, faults) => {
    const owners = new Map<string, string>()
    for (const [name, sink] of Object.entries(sinks)) {
      const path = pageOf(sink)
      if (path === undefined) continue
      const owner = owners.get(path)
      owners.set(path, owner ?? name)
      if (owner === undefined) continue
      const message = `is the page of sink ${owner} already. Choose another path, such as /metrics/traffic`
      faults.addIssue({ code: 'custom', path: [name, 'path'], message })
    }
  }, DESPITE_FAULTS)

/** Where the page of a sink is, whatever else may be wrong with that sink. */
function pageOf(sink: unknown): string | undefined {
  return PageOwner.safeParse(sink).data?.path
}
