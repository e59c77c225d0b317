import { expect, test } from 'vitest'
import { createTelemetry } from '../telemetry.ts'
import { openSinks } from './index.ts'
import { sinkOptions } from './options.ts'
import { exampleSample, exampleSeries, reading } from './test/examples.ts'
import { recordingServer } from './test/recording-server.ts'
import { until } from './test/write-receiver.ts'

const HOUR_MS = 3_600_000

test.for<[string, object, readonly number[]]>([
  ['remote write', { type: 'prometheus', protocol: '1.0' }, [204]],
  ['remote write that is refused', { type: 'prometheus' }, [400]],
  ['remote write that is to come again', { type: 'prometheus', protocol: '1.0' }, [503, 204]],
  ['OTLP', { type: 'otlp' }, [200]],
  ['OTLP that is to come again', { type: 'otlp' }, [503, 200]],
  ['New Relic', { type: 'newrelic', account: 1, key: 'k' }, [200]],
  ['New Relic that is to come again', { type: 'newrelic', account: 1, key: 'k' }, [503, 200]],
])('how far a receiver of %s is ahead is told by its first Date', async ([, sink, statuses]) => {
  const answers = statuses.map((status, index) => ({ status, isAhead: index === 0 }))
  await using server = await recordingServer(undefined, (_, response) => {
    const { status = 400, isAhead = false } = answers.shift() ?? {}
    // Node writes a Date of its own where none is given.
    response.sendDate = false
    const date = { date: new Date(Date.now() + HOUR_MS).toUTCString() }
    response.writeHead(status, isAhead ? date : {}).end()
  })
  const telemetry = createTelemetry('node-1', '1.2.3')
  await using sinks = await openSinks({
    sinks: { main: sinkOptions.parse({ ...sink, endpoint: server.url }) },
    version: '1.2.3',
    telemetry,
    log: () => undefined,
  })
  sinks.offer(exampleSample(exampleSeries(), 1, Date.now()))
  await until(() => server.heard.length >= statuses.length)
  await sinks[Symbol.asyncDispose]()
  const hours = reading(telemetry.sinkClockSkew, { sink: 'main' }) / 3_600
  expect(hours).toBeCloseTo(1, 1)
})
