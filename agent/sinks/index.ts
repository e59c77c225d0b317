import type { Telemetry } from '../telemetry.ts'
import type { SpoolOptions } from './delivery-options.ts'
import type { SinkOptions } from './options.ts'
import { remoteWrite } from './remote-write.ts'
import type { OpenSink, SinkParts } from './sink.ts'
import { sinkFolder, type SpoolPlace } from './spool-folder.ts'
import { stdout } from './stdout.ts'

/**
 * Opens all sinks, by the user's own names, as one: each gets every sample, none waits for another.
 * Throws for a spool that cannot be used.
 */
export function openSinks(parts: {
  readonly sinks: Readonly<Record<string, SinkOptions>>
  readonly version: string
  readonly telemetry: Telemetry
  readonly log: (line: string) => void
  /** Folder of all spools; absent: what waits is in memory only. */
  readonly spoolDirectory?: string | undefined
}): OpenSink {
  const { version, telemetry, log, spoolDirectory } = parts
  const opened = Object.entries(parts.sinks).map(([name, options]) => {
    const spool = 'spool' in options ? placeOf(name, options.spool, spoolDirectory) : undefined
    return open({ name, options, version, telemetry, log, spool })
  })
  return {
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

/** Every destination by the `type` that selects it. */
function open({ options, ...parts }: SinkParts<SinkOptions>): OpenSink {
  if (options.type === 'stdout') return stdout({ ...parts, options })
  return remoteWrite({ ...parts, options })
}
