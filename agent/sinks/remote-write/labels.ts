import type { Labels, Series } from '../../model.ts'
import { lengthAndBytes, writeVarint } from '../protobuf/varint.ts'

// TimeSeries { Label labels = 1 }, Label { string name = 1; string value = 2 }: field number << 3 | 2.
const LABEL = 0x0a
const LABEL_NAME = 0x0a
const LABEL_VALUE = 0x12

// Nine tenths of a request are labels, and they never change. Kept per target, not per series: that is a sixth.
const encoded = new WeakMap<Labels, Uint8Array>()

/** Length of what `writeLabels` writes. */
export function labelsLength({ metric, target }: Series): number {
  return encodedOf(metric.labels).length + encodedOf(target).length
}

/** Writes the labels of a series, sorted by name. Gives where they end. */
export function writeLabels(bytes: Uint8Array, start: number, { metric, target }: Series): number {
  const own = encodedOf(metric.labels)
  const others = encodedOf(target)
  // One by one: this runs for each series of each tick, in code that V8 does not optimise.
  let at = start
  let ownAt = 0
  let othersAt = 0
  let index = 0
  for (const [name] of metric.labels) {
    let end = othersAt
    for (; isBefore(target[index], name); index++) end = pairEnd(others, end)
    at = copy(bytes, at, others, othersAt, end)
    othersAt = end
    end = pairEnd(own, ownAt)
    at = copy(bytes, at, own, ownAt, end)
    ownAt = end
  }
  return copy(bytes, at, others, othersAt, others.length)
}

function isBefore(pair: Labels[number] | undefined, name: string): boolean {
  return pair !== undefined && pair[0] < name
}

function encodedOf(labels: Labels): Uint8Array {
  const known = encoded.get(labels)
  if (known) return known
  // In one piece: small buffers share a pool, and parts thrown away would stay as long as the whole does.
  const bytes = Buffer.allocUnsafe(
    labels.reduce((sum, pair) => sum + 1 + lengthAndBytes(pairLength(pair)), 0),
  )
  let at = 0
  for (const pair of labels) {
    bytes[at++] = LABEL
    at = writeVarint(bytes, at, pairLength(pair))
    at = writeText(bytes, at, LABEL_NAME, pair[0])
    at = writeText(bytes, at, LABEL_VALUE, pair[1])
  }
  encoded.set(labels, bytes)
  return bytes
}

function pairLength([name, value]: Labels[number]): number {
  return textLength(name) + textLength(value)
}

function textLength(text: string): number {
  return 1 + lengthAndBytes(Buffer.byteLength(text))
}

function writeText(bytes: Buffer, start: number, tag: number, text: string): number {
  bytes[start] = tag
  const at = writeVarint(bytes, start + 1, Buffer.byteLength(text))
  return at + bytes.write(text, at)
}

/** Where the encoded pair ends that starts at `start`. */
function pairEnd(bytes: Uint8Array, start: number): number {
  let [at, length, factor] = [start + 1, 0, 1]
  let byte = bytes[at] ?? 0
  for (; byte >= 0x80; byte = bytes[at] ?? 0) {
    length += (byte - 0x80) * factor
    factor *= 0x80
    at += 1
  }
  return at + 1 + length + byte * factor
}

function copy(to: Uint8Array, at: number, from: Uint8Array, start: number, end: number): number {
  if (end > start) to.set(end - start === from.length ? from : from.subarray(start, end), at)
  return at + end - start
}
