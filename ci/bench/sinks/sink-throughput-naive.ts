import protobuf from 'protobufjs'
import { compress } from 'snappyjs'
import { labelsOf } from '../../../agent/sinks/series-labels.ts'
import { VERSION_HEADERS } from '../../../agent/sinks/remote-write/protocol.ts'
import { backlogOf } from './sink-throughput-backlog.ts'

/**
 * sink-throughput-naive.ts ENDPOINT SERIES MOMENTS END_MS: sends as one would without much thought, from an array
 * with an object for each sample, one request of remote write 1.0 after the other. Says how long that took, as JSON.
 */
const [endpoint = '', ...numbers] = process.argv.slice(2)
const [series = 0, moments = 0, endMs = 0] = numbers.map(Number)
const SAMPLES_PER_REQUEST = 2_000

const { root } = protobuf.parse(`
  syntax = "proto3";
  message WriteRequest { repeated TimeSeries timeseries = 1; }
  message TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; }
  message Label { string name = 1; string value = 2; }
  message Sample { double value = 1; int64 timestamp = 2; }
`)
const type = root.lookupType('WriteRequest')

let labels: { name: string; value: string }[][] | undefined
const queue: object[][] = []
for (const moment of backlogOf(series, moments, endMs)) {
  // Made once, to its advantage; and so is the queue, before the clock starts.
  labels ??= moment.series.map(one => labelsOf(one).map(([name, value]) => ({ name, value })))
  const all = labels.map((ofOne, index) => ({
    labels: ofOne,
    samples: [{ value: moment.values?.[index] ?? 0, timestamp: moment.timestampMs }],
  }))
  for (let start = 0; start < all.length; start += SAMPLES_PER_REQUEST)
    queue.push(all.slice(start, start + SAMPLES_PER_REQUEST))
}

const startedMs = performance.now()
for (const timeseries of queue) {
  const body = Buffer.from(compress(type.encode({ timeseries }).finish()))
  const headers = { ...VERSION_HEADERS['1.0'], 'content-encoding': 'snappy' }
  // oxlint-disable-next-line no-await-in-loop -- one after the other is what is measured
  const { status } = await fetch(endpoint, { method: 'POST', headers, body })
  if (status !== 204) throw new Error(`the receiver answered ${status}`)
}
process.stdout.write(JSON.stringify({ seconds: (performance.now() - startedMs) / 1e3 }))
