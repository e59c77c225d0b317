import protobuf from 'protobufjs'
import type { Samples } from '../../../agent/model.ts'
import { encodeRequest2, plainRequest2 } from '../../../agent/sinks/remote-write/encode-2.ts'
import { encodeWriteRequest } from '../../../agent/sinks/remote-write/encode-1.ts'
import { compressed } from '../../../agent/sinks/remote-write/snappy.ts'
import { labelsOf } from '../../../agent/sinks/series-labels.ts'
import {
  decodeRequest2,
  decodeWriteRequest,
  type Arrived,
} from '../../../agent/sinks/test/write-request-decode.ts'
import { cpuRounds } from '../cpu-rounds.ts'
import { tickOfSeries } from './rw-encode-traffic.ts'

/** rw-encode-program.ts SERIES ROUNDS: says as JSON what `measureEncoding` gives. */
const [series = 0, rounds = 0] = process.argv.slice(2).map(Number)

const { root } = protobuf.parse(`
  syntax = "proto3";
  message WriteRequest { repeated TimeSeries timeseries = 1; }
  message TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; }
  message Label { string name = 1; string value = 2; }
  message Sample { double value = 1; int64 timestamp = 2; }
`)
const type = root.lookupType('WriteRequest')
const { total, requests } = tickOfSeries(series)
// Made once, to the library's advantage: labels do not change from tick to tick.
const labelObjects = requests.map(request =>
  request.series.map(one => labelsOf(one).map(([name, value]) => ({ name, value }))),
)

const ways = {
  library: (request: Samples, index: number) => libraryRequest(request, index),
  libraryPacked: (request: Samples, index: number) => compressed(libraryRequest(request, index)),
  ours: (request: Samples) => plainRequest2(request),
  oursPacked: (request: Samples) => encodeRequest2(request),
  ours1Packed: (request: Samples) => encodeWriteRequest(request),
}

await requireEqual()
const eachRequest = Object.entries(ways).map(
  ([name, encode]) =>
    [name, () => requests.forEach((request, index) => encode(request, index))] as const,
)
const cpuMs = await cpuRounds(Object.fromEntries(eachRequest), rounds)
process.stdout.write(
  JSON.stringify({
    series: total,
    cpuMs,
    bytes1: bytesOf(ways.libraryPacked) / total,
    bytes2: bytesOf(ways.oursPacked) / total,
    plainBytes2: bytesOf(ways.ours) / total,
  }),
)

function libraryRequest({ timestampMs, values }: Samples, index: number): Uint8Array {
  const timeseries = labelObjects[index]?.map((labels, at) => ({
    labels,
    samples: [{ value: values?.[at] ?? 0, timestamp: timestampMs }],
  }))
  return type.encode({ timeseries }).finish()
}

function bytesOf(encode: (request: Samples, index: number) => Uint8Array | undefined): number {
  return requests.reduce((sum, request, index) => sum + (encode(request, index)?.length ?? 0), 0)
}

/** Throws unless a decoder that is not ours reads the same samples out of both. */
async function requireEqual(): Promise<void> {
  for (const [index, request] of requests.entries()) {
    const theirs = textOf(await decodeWriteRequest(ways.libraryPacked(request, index)))
    const ours = textOf(await decodeRequest2(encodeRequest2(request)))
    if (ours !== theirs) throw new Error('remote write 2.0 and 1.0 carry different samples')
  }
}

function textOf(samples: readonly Arrived[]): string {
  return JSON.stringify(samples)
}
