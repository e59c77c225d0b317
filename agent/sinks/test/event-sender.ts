import type { Series } from '../../model.ts'
import { createTelemetry } from '../../telemetry.ts'
import { NewRelicOptions } from '../newrelic/options.ts'
import { newRelic } from '../newrelic/newrelic.ts'
import type { Event, eventReceiver } from './event-receiver.ts'
import { exampleSeries, reading } from './examples.ts'
import { until } from './write-receiver.ts'

type EventReceiver = Awaited<ReturnType<typeof eventReceiver>>

/** An open sink that sends to the receiver, what it counts and what it says. */
export function senderTo({ options }: Pick<EventReceiver, 'options'>, settings: object = {}) {
  const telemetry = createTelemetry('node-1', '1.2.3')
  const lines: string[] = []
  const target = newRelic({
    name: 'nr',
    options: NewRelicOptions.parse({ ...options, ...settings }),
    version: '1.2.3',
    telemetry,
    log: line => lines.push(line),
  })
  const isIdle = () => reading(telemetry.sinkQueueSamples, {}) === 0
  return Object.assign(target, { telemetry, lines, idle: () => until(isIdle) })
}

/** What all events say under this name, added up. */
export function sum(events: readonly Event[], name: string): number {
  return events.reduce((total, event) => total + Number(event[name] ?? 0), 0)
}

/** A series of the example with these labels alone, and maybe of another metric. */
export function withLabels(labels: Readonly<Record<string, string>>, name?: string): Series {
  const { metric, ...rest } = exampleSeries()
  return {
    ...rest,
    metric: name === undefined ? metric : { ...metric, name },
    target: Object.entries(labels),
  }
}
