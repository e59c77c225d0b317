import type { Telemetry } from '../telemetry.ts'
import type { SinkOptions } from './options.ts'
import { remoteWrite } from './remote-write.ts'
import type { OpenSink, SinkParts } from './sink.ts'
import { stdout } from './stdout.ts'

/** Opens all sinks, by the user's own names, as one: each gets every sample, none waits for another. */
export function openSinks(parts: {
  readonly sinks: Readonly<Record<string, SinkOptions>>
  readonly version: string
  readonly telemetry: Telemetry
  readonly log: (line: string) => void
}): OpenSink {
  const { version, telemetry, log } = parts
  const opened = Object.entries(parts.sinks).map(([name, options]) =>
    open({ name, options, version, telemetry, log }),
  )
  return {
    offer: samples => {
      for (const sink of opened) sink.offer(samples)
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(opened.map(sink => sink[Symbol.asyncDispose]()))
    },
  }
}

/** Every destination by the `type` that selects it. */
function open({ options, ...parts }: SinkParts<SinkOptions>): OpenSink {
  if (options.type === 'stdout') return stdout({ ...parts, options })
  return remoteWrite({ ...parts, options })
}
