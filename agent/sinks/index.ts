import type { ScrapePart } from '../scraping.ts'
import type { Telemetry } from '../telemetry.ts'
import type { SpoolOptions } from './delivery/options.ts'
import type { SinkOptions } from './options.ts'
import type { OpenSink, SinkParts } from './sink.ts'
import { sinkFolder, type SpoolPlace } from './spool/folder.ts'
import { watchLeftovers } from './spool/leftovers.ts'

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
  /** Drains that an earlier agent did not release: what it spooled of them is counted again. */
  readonly unreleased?: readonly string[]
}): Promise<OpenSinks> {
  const { sinks, spoolDirectory: directory, unreleased = [], ...others } = parts
  const named = Object.entries(sinks).map(([name, options]) => {
    const place = 'spool' in options ? placeOf(name, options, directory) : undefined
    return { name, options, spool: place && { ...place, unreleased } }
  })
  const opened = await Promise.all(named.map(one => open({ ...one, ...others })))
  const inUse = named.flatMap(({ spool }) => spool?.directory ?? [])
  const leftovers = directory && watchLeftovers({ directory, inUse, ...others })
  return {
    pages: opened.flatMap(({ page }) => page ?? []),
    offer: (samples, drain) => {
      for (const sink of opened) sink.offer(samples, drain)
    },
    [Symbol.asyncDispose]: async () => {
      if (leftovers) leftovers[Symbol.dispose]()
      await Promise.all(opened.map(sink => sink[Symbol.asyncDispose]()))
    },
  }
}

function placeOf(
  name: string,
  { type, spool }: { readonly type: SinkOptions['type']; readonly spool: SpoolOptions },
  directory: string | undefined,
): SpoolPlace | undefined {
  const { enabled, maxBytes, maxAge: maxAgeMs } = spool
  if (!enabled || directory === undefined) return undefined
  // Not that of a sink of another type which had this name before: its samples are no changes.
  const folder = type === 'newrelic' ? `${name}+changes` : name
  return { directory: sinkFolder(directory, folder), maxBytes, maxAgeMs }
}

/** Every destination by the `type` that selects it. What is not configured is not loaded: the agent is to stay small. */
async function open({ options, ...parts }: SinkParts<SinkOptions>): Promise<OpenSink> {
  if (options.type === 'stdout')
    return (await import('./stdout/stdout.ts')).stdout({ ...parts, options })
  if (options.type === 'otlp') return (await import('./otlp/otlp.ts')).otlp({ ...parts, options })
  if (options.type === 'newrelic')
    return (await import('./newrelic/newrelic.ts')).newRelic({ ...parts, options })
  if (options.type === 'scrape')
    return (await import('./scrape/scrape.ts')).scrape({ ...parts, options })
  return (await import('./remote-write/remote-write.ts')).remoteWrite({ ...parts, options })
}
