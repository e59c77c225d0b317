import type { z } from 'zod'
import type { Sample } from '../model.ts'
import type { Telemetry } from '../telemetry.ts'

/** An open sink. Offering never blocks and never throws: what does not fit its queue is counted and dropped. */
export type OpenSink = AsyncDisposable & {
  /** Samples of one moment: a series occurs at most once, and later calls carry later timestamps. */
  readonly offer: (samples: readonly Sample[]) => void
}

export type SinkParts<Options> = {
  /** The user's own name of the sink: the label `sink` of its telemetry. */
  readonly name: string
  readonly options: Options
  readonly telemetry: Telemetry
  readonly log: (line: string) => void
}

/** One destination: what can be set, and how it is opened. */
export type Sink<Schema extends z.ZodType = z.ZodType> = {
  readonly options: Schema
  readonly open: (parts: SinkParts<z.output<Schema>>) => OpenSink
}
