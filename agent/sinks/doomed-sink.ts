import { createTelemetry } from '../telemetry.ts'
import { exampleSample, exampleSeries } from './examples.ts'
import { openSinks } from './index.ts'
import { sinkOptions } from './options.ts'

/**
 * doomed-sink.ts OPTIONS FOLDER START COUNT: opens the sink `under-test` with a spool in the folder, offers it the
 * values from 1 on, a second apart from START in ms, says so, and waits to be killed.
 */
const [options = '', spoolDirectory, startMs, count] = process.argv.slice(2)
const sinks = await openSinks({
  sinks: { 'under-test': sinkOptions.parse(JSON.parse(options)) },
  version: '1.2.3',
  telemetry: createTelemetry('node-1', '1.2.3'),
  log: () => {},
  spoolDirectory,
})
const series = exampleSeries()
for (let value = 1; value <= Number(count); value++)
  sinks.offer(exampleSample(series, value, Number(startMs) + value * 1_000))
process.stdout.write('offered\n')
setInterval(() => {}, 1e6)
