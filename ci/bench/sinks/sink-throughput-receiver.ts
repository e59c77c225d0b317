import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import protobuf from 'protobufjs'
import { uncompressSync } from 'snappy'
import {
  decodeRequest2,
  decodeWriteRequest,
} from '../../../agent/sinks/test/write-request-decode.ts'

/**
 * sink-throughput-receiver.ts [decode]: takes remote write of both versions at next to no cost, since it only
 * counts series, each of one sample. Tells its port, and for each message what came since the one before; with
 * `decode` also a hash of all samples, which are decoded then, off the clock.
 */
const isDecoding = process.argv[2] === 'decode'
const TIMESERIES = { '1.0': 1, '2.0': 5 }
// TimeSeries { Sample samples = 2 }, Sample { int64 timestamp = 2 }: field number << 3 | wire type.
const SAMPLES = 0x12
const TIMESTAMP = 0x10

type Version = keyof typeof TIMESERIES
type Counted = { readonly samples: number; readonly timestampMs: number }

let samplesByMoment = new Map<number, number>()
let bodies: { readonly version: Version; readonly body: Buffer }[] = []
let requests = 0

const server = createServer((incoming, outgoing) => void answer(incoming, outgoing))
server.listen(0, '127.0.0.1', () => process.send?.({ address: server.address() }))
process.on('message', () => void tell())
process.on('disconnect', () => {
  server.close()
  server.closeAllConnections()
})

async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const body = await buffer(incoming)
  const version = incoming.headers['content-type']?.includes('v2.Request') ? '2.0' : '1.0'
  const { samples, timestampMs } = counted(body, version)
  requests++
  samplesByMoment.set(timestampMs, (samplesByMoment.get(timestampMs) ?? 0) + samples)
  if (isDecoding) bodies.push({ version, body })
  const written = { 'x-prometheus-remote-write-samples-written': String(samples) }
  outgoing.writeHead(204, version === '2.0' ? written : {}).end()
}

/** Passes over all series but the first, which has the timestamp of all. */
function counted(body: Buffer, version: Version): Counted {
  const plain = uncompressSync(body)
  if (typeof plain === 'string') throw new Error('snappy returned text')
  const reader = protobuf.Reader.create(plain)
  let samples = 0
  let timestampMs = 0
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    if (tag >>> 3 !== TIMESERIES[version]) reader.skipType(tag & 7)
    else if (samples++ === 0) timestampMs = timestampOf(reader.bytes())
    else reader.skip(reader.uint32())
  }
  return { samples, timestampMs }
}

function timestampOf(message: Uint8Array): number {
  const reader = protobuf.Reader.create(message)
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    if (tag === SAMPLES) return timestampOf(reader.bytes())
    if (tag === TIMESTAMP) return protobuf.util.LongBits.from(reader.int64()).toNumber()
    reader.skipType(tag & 7)
  }
  throw new Error('a series has no sample')
}

async function tell(): Promise<void> {
  const decoded = bodies.map(({ version, body }) =>
    version === '2.0' ? decodeRequest2(body) : decodeWriteRequest(body),
  )
  const lines = (await Promise.all(decoded))
    .flat()
    .map(({ labels, value, timestampMs }) => JSON.stringify([labels, value, timestampMs]))
  const hash = createHash('sha256').update(lines.toSorted().join('\n')).digest('hex')
  process.send?.({ requests, samplesByMoment: [...samplesByMoment], ...(isDecoding && { hash }) })
  samplesByMoment = new Map()
  bodies = []
  requests = 0
}
