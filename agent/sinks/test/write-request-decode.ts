import protobuf from 'protobufjs'
import { uncompress } from 'snappy'
import { z } from 'zod'

/** A sample as a destination decoded it. */
export type Arrived = {
  readonly labels: readonly (readonly [name: string, value: string])[]
  readonly value: number
  readonly timestampMs: number
  readonly isStale: boolean
}

// As published in prompb, but for `value`: fixed64 has the same bytes as double and shows them all,
// while a NaN that went through a JavaScript number may have lost the bits that make it a marker.
const { root } = protobuf.parse(
  `
  syntax = "proto3";
  message WriteRequest { repeated TimeSeries timeseries = 1; }
  message TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; }
  message Label { string name = 1; string value = 2; }
  message Sample { fixed64 value = 1; int64 timestamp = 2; }
  message Request { repeated string symbols = 4; repeated TimeSeries2 timeseries = 5; }
  message TimeSeries2 {
    repeated uint32 labels_refs = 1;
    repeated Sample2 samples = 2;
    repeated bytes histograms = 3;
    repeated bytes exemplars = 4;
    Metadata metadata = 5;
  }
  message Sample2 { fixed64 value = 1; int64 timestamp = 2; int64 start_timestamp = 3; }
  message Metadata { uint32 type = 1; uint32 help_ref = 3; uint32 unit_ref = 4; }
`,
  { keepCase: true },
)
const Decoded = z.object({
  timeseries: z.array(
    z.object({
      labels: z.array(z.object({ name: z.string(), value: z.string() })),
      samples: z.array(z.object({ value: z.string(), timestamp: z.string() })),
    }),
  ),
})

const Decoded2 = z.object({
  symbols: z.array(z.string()),
  timeseries: z.array(
    z.object({
      labels_refs: z.array(z.number()),
      samples: z.array(
        z.object({ value: z.string(), timestamp: z.string(), start_timestamp: z.string() }),
      ),
      histograms: z.array(z.unknown()),
      exemplars: z.array(z.unknown()),
      metadata: z.object({ type: z.number(), help_ref: z.number(), unit_ref: z.number() }),
    }),
  ),
})

/** A request of 2.0 as it stands in the message: references, not strings. */
export type Message2 = z.output<typeof Decoded2>

const STALE_BITS = 0x7ff0000000000002n

/** Reads a request of 1.0 with native snappy and protobufjs: no byte of it passes through our own code. */
export async function decodeWriteRequest(body: Uint8Array | undefined): Promise<Arrived[]> {
  const { timeseries } = Decoded.parse(await messageIn('WriteRequest', body))
  return timeseries.flatMap(({ labels, samples }) =>
    samples.map(sample => ({
      labels: labels.map(({ name, value }) => [name, value] as const),
      ...pointOf(sample),
    })),
  )
}

/** The same of a request of 2.0. */
export async function decodeRequest2(body: Uint8Array | undefined): Promise<Arrived[]> {
  const { symbols, timeseries } = await messageOf2(body)
  return timeseries.flatMap(({ labels_refs: refs, samples }) => {
    const texts = refs.map(ref => symbols[ref] ?? `no symbol ${ref}`)
    const labels = texts.flatMap((name, index) =>
      index % 2 === 0 ? [[name, texts[index + 1] ?? 'no value'] as const] : [],
    )
    return samples.map(sample => ({ labels, ...pointOf(sample) }))
  })
}

export async function messageOf2(body: Uint8Array | undefined): Promise<Message2> {
  return Decoded2.parse(await messageIn('Request', body))
}

async function messageIn(name: string, body: Uint8Array | undefined): Promise<unknown> {
  const type = root.lookupType(name)
  return type.toObject(type.decode(await plainOf(body)), { longs: String, defaults: true })
}

/** The message before compression. */
export async function plainOf(body: Uint8Array | undefined): Promise<Buffer> {
  const plain = await uncompress(Buffer.from(body ?? fail()))
  if (typeof plain === 'string') throw new Error('snappy returned text')
  return plain
}

/** Numbers of the fields that a message has, and what of it is messages or bytes itself. */
export function fieldsOf(message: Uint8Array): { numbers: Set<number>; parts: Uint8Array[] } {
  const reader = protobuf.Reader.create(message)
  const numbers = new Set<number>()
  const parts: Uint8Array[] = []
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    numbers.add(tag >>> 3)
    if ((tag & 7) === 2) parts.push(reader.bytes())
    else reader.skipType(tag & 7)
  }
  return { numbers, parts }
}

function pointOf({ value, timestamp }: { value: string; timestamp: string }) {
  return {
    value: new Float64Array(BigUint64Array.of(BigInt(value)).buffer)[0] ?? Number.NaN,
    timestampMs: Number(timestamp),
    isStale: BigInt(value) === STALE_BITS,
  }
}

function fail(): never {
  throw new Error('the request was too large to be encoded')
}
