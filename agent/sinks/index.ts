import { z } from 'zod'
import type { Telemetry } from '../telemetry.ts'
import { remoteWrite } from './remote-write.ts'
import type { OpenSink, Sink } from './sink.ts'
import { stdout } from './stdout.ts'

/** Every destination by the `type` that selects it. */
export const sinks = {
  stdout,
  prometheus: remoteWrite,
}

/** What a sink of the configuration may say; `type` decides which other settings there are. */
export const sinkOptions = z.discriminatedUnion('type', [
  sinks.stdout.options,
  sinks.prometheus.options,
])

export type SinkOptions = z.output<typeof sinkOptions>

/** Opens all sinks, by the user's own names, as one: each gets every sample, none waits for another. */
export function openSinks(parts: {
  readonly sinks: Readonly<Record<string, SinkOptions>>
  readonly version: string
  readonly telemetry: Telemetry
  readonly log: (line: string) => void
}): OpenSink {
  const { version, telemetry, log } = parts
  const opened = Object.entries(parts.sinks).map(([name, options]) => {
    const sink: Sink = sinks[options.type]
    return sink.open({ name, options, version, telemetry, log })
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
