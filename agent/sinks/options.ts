import { z } from 'zod'
import { NewRelicOptions } from './newrelic-options.ts'
import { RemoteWriteOptions } from './remote-write-options.ts'
import { StdoutOptions } from './stdout-options.ts'

/** What can be set of every destination, by the `type` that selects it. */
export const sinkSchemas = {
  stdout: StdoutOptions,
  prometheus: RemoteWriteOptions,
  newrelic: NewRelicOptions,
}

/** What a sink of the configuration may say; `type` decides which other settings there are. */
export const sinkOptions = z.discriminatedUnion('type', [
  sinkSchemas.stdout,
  sinkSchemas.prometheus,
  sinkSchemas.newrelic,
])

export type SinkOptions = z.output<typeof sinkOptions>
