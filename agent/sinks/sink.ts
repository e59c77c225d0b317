import type { Samples } from '../model.ts'
import type { ScrapePart } from '../scraping.ts'
import type { Telemetry } from '../telemetry.ts'
import type { SpoolPlace } from './spool/folder.ts'

/** An open sink. Disposing sends what waits, for a bounded time; what has to stay behind is spooled, or counted. */
export type OpenSink = AsyncDisposable & {
  /**
   * Later calls carry later timestamps of a series. Never waits for the destination, never throws: what does not fit
   * the queue is counted and dropped. With a spool, what is offered is on disk when this returns, and nothing of it
   * is sent before the caller's turn ends. `drain` names what the samples were counted from, as the kernel does: what
   * an agent dies with before it is released there, the next one takes out of the spool.
   */
  readonly offer: (samples: Samples, drain?: string) => void
  /** What the agent's server shows of it. */
  readonly page?: ScrapePart
}

export type SinkParts<Options> = {
  /** The user's own name of the sink: the label `sink` of its telemetry. */
  readonly name: string
  readonly options: Options
  /** Version of podatlas, told to the destination. */
  readonly version: string
  /** Whether this host is a node of Kubernetes, as far as the agent was told. */
  readonly isKubernetes?: boolean
  readonly telemetry: Telemetry
  readonly log: (line: string) => void
  /** Handed on to the delivery as it is; absent: what waits is in memory only. */
  readonly spool?: SpoolPlace | undefined
}

/** One destination: how it is opened. What can be set is a schema, beside it: only the start parses. */
export type Sink<Options> = (parts: SinkParts<Options>) => OpenSink
