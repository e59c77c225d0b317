import type { ScrapePart } from '../scraping.ts'
import type { Telemetry } from '../telemetry.ts'
import type { SpoolOptions } from './delivery-options.ts'
import type { SinkOptions } from './options.ts'
import type { OpenSink, SinkParts } from './sink.ts'
import { sinkFolder, type SpoolPlace } from './spool-folder.ts'

/** `pages` are for the agent's server. */
type OpenSinks = OpenSink & { readonly pages: readonly ScrapePart[] }

/**
 * Opens all sinks, by the user's own names, as one: each gets every sample, none waits for another.
 * Throws for a spool that cannot be used.
 */
export async function openSinks(parts: {
  readonly sinks: Readonly<Record<string, SinkOptions>>
  readonly version: string
  readonly isKubernetes?: boolean
  readonly telemetry: Telemetry
  readonly log: (line: string) => void
  /** Folder of all spools; absent: what waits is in memory only. */
  readonly spoolDirectory?: string | undefined
}): Promise<OpenSinks> {
  const { sinks, spoolDirectory, ...others } = parts
  const opening = Object.entries(sinks).map(([name, options]) => {
    const spool = 'spool' in options ? placeOf(name, options.spool, spoolDirectory) : undefined
    return open({ name, options, spool, ...others })
  })
  const opened = await Promise.all(opening)
  return {
    pages: opened.flatMap(({ page }) => page ?? []),
    offer: samples => {
      for (const sink of opened) sink.offer(samples)
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(opened.map(sink => sink[Symbol.asyncDispose]()))
    },
  }
}

function placeOf(
  name: string,
  { enabled, maxBytes, maxAge: maxAgeMs }: SpoolOptions,
  directory: string | undefined,
): SpoolPlace | undefined {
  if (!enabled || directory === undefined) return undefined
  return { directory: sinkFolder(directory, name), maxBytes, maxAgeMs }
}

/** Every destination by the `type` that selects it. What is not configured is not loaded: the agent is to stay small. */
async function open({ options, ...parts }: SinkParts<SinkOptions>): Promise<OpenSink> {
  if (options.type === 'stdout') return (await import('./stdout.ts')).stdout({ ...parts, options })
  if (options.type === 'otlp') return (await import('./otlp.ts')).otlp({ ...parts, options })
  if (options.type === 'newrelic')
    return (await import('./newrelic.ts')).newRelic({ ...parts, options })
  if (options.type === 'scrape') return (await import('./scrape.ts')).scrape({ ...parts, options })
  return (await import('./remote-write.ts')).remoteWrite({ ...parts, options })
}
