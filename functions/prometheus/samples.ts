import { isAscii } from 'node:buffer'
import { isRecord, parseRecord } from './json.ts'

/** Where the samples of an instant vector go, one by one, as they arrive. */
export type SampleSink = {
  /** The labels that are wanted. */
  readonly labels: readonly string[]
  /**
   * `values` are those of `labels`, undefined where a sample has none. The array is the same each time,
   * and its texts may be parts of a larger one that they keep alive: copy what is to stay.
   */
  readonly onSample: (values: readonly (string | undefined)[], value: number) => void
}

/** Something in a result that is no sample of a vector; whether that matters, the rest of the answer says. */
export class NoSample extends Error {}

// A sample has some hundred bytes; labels may be long, but not like this.
const MOST_SAMPLE_BYTES = 1024 * 1024

const TAB = 0x09
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const SPACE = 0x20
const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const BRACKET = 0x5d
const BACKSLASH = 0x5c
const BRACE = 0x7d

const metricStart = '{"metric":{'
const valueStart = ',"value":['

/**
 * Reads the elements of the `result` of an answer, from behind its `[` on. `push` takes the next bytes
 * and answers how many of them were read once the `]` has come, else undefined; what is cut in the
 * middle waits for the next bytes. Samples as Prometheus writes them are found without decoding
 * them; others (escapes, spaces, letters beyond ASCII) cost a JSON.parse each. Throws NoSample.
 */
export function sampleReader({ labels, onSample }: SampleSink) {
  const values: (string | undefined)[] = labels.map(() => undefined)
  let quickValue = 0
  // What was cut, then the next bytes: one piece of memory for all, or the collector would lag behind.
  let buffer = Buffer.alloc(2 * 65_536)
  let rest = 0
  let samples = 0
  let isCommaDue = false
  let firstNames: readonly string[] = []

  return {
    push,
    count: () => samples,
    /** The names of the first sample's labels, for the message that one is missing. */
    firstNames: () => firstNames,
  }

  function push(part: Buffer): number | undefined {
    const length = rest + part.length
    if (length > buffer.length) buffer = Buffer.concat([buffer], 2 * length)
    part.copy(buffer, rest)
    const bytes = buffer.subarray(0, length)
    // One character for each byte, so that places in the text are places in the bytes.
    const text = bytes.toString('latin1')
    const isPlain = isAscii(bytes)
    let backslashAt = text.indexOf('\\')
    let at = 0
    for (; at < text.length; isCommaDue = true, samples++) {
      at = skip(text, at)
      if (text.charCodeAt(at) === BRACKET) return at + 1 - rest
      if (at >= text.length) break
      if (isCommaDue) throw new NoSample('two samples have no comma in between')
      let end = isPlain ? readQuickly(text, at) : -1
      if (end >= 0 && (backslashAt < at || backslashAt >= end)) onSample(values, quickValue)
      else {
        end = endOf(text, at)
        if (end < 0) break
        readSlowly(bytes.toString('utf8', at, end))
      }
      if (samples === 0) firstNames = namesIn(bytes.toString('utf8', at, end))
      at = end
      if (backslashAt >= 0 && backslashAt < at) backslashAt = text.indexOf('\\', at)
    }
    bytes.copyWithin(0, at)
    rest = length - at
    if (rest > MOST_SAMPLE_BYTES) throw new NoSample('a sample has no end')
    return undefined
  }

  /** Behind spaces and the comma that is due. */
  function skip(text: string, from: number): number {
    for (let at = from; ; at++) {
      const code = text.charCodeAt(at)
      if (code === COMMA && isCommaDue) isCommaDue = false
      else if (code !== SPACE && code !== LINE_FEED && code !== TAB && code !== CARRIAGE_RETURN) {
        return at
      }
    }
  }

  /** Answers where the sample ends, or -1 for one that is cut or written in another way. */
  function readQuickly(text: string, from: number): number {
    if (!text.startsWith(metricStart, from)) return -1
    let at = from + metricStart.length
    values.fill(undefined)
    if (text.charCodeAt(at) === BRACE) at++
    else {
      for (let code = COMMA; code === COMMA;) {
        if (text.charCodeAt(at) !== QUOTE) return -1
        const name = at + 1
        const nameEnd = text.indexOf('"', name)
        if (nameEnd < 0 || text.charCodeAt(nameEnd + 1) !== COLON) return -1
        if (text.charCodeAt(nameEnd + 2) !== QUOTE) return -1
        const valueEnd = text.indexOf('"', nameEnd + 3)
        if (valueEnd < 0) return -1
        for (let label = 0; label < labels.length; label++) {
          const wanted = labels[label] ?? ''
          if (wanted.length === nameEnd - name && text.startsWith(wanted, name)) {
            values[label] = text.slice(nameEnd + 3, valueEnd)
          }
        }
        code = text.charCodeAt(valueEnd + 1)
        if (code !== COMMA && code !== BRACE) return -1
        at = valueEnd + 2
      }
    }
    if (!text.startsWith(valueStart, at)) return -1
    const timeEnd = text.indexOf(',', at + valueStart.length)
    if (timeEnd < 0 || text.charCodeAt(timeEnd + 1) !== QUOTE) return -1
    const end = text.indexOf('"', timeEnd + 2)
    if (end < 0 || !text.startsWith(']}', end + 1)) return -1
    const number = text.slice(timeEnd + 2, end)
    quickValue = Number(number)
    // Infinities are rare, and text that is no number is none.
    return Number.isNaN(quickValue) && number !== 'NaN' ? -1 : end + 3
  }

  function readSlowly(text: string): void {
    const sample = sampleOf(parseRecord(text))
    for (const [label, name] of labels.entries()) values[label] = sample.labels[name]
    onSample(values, sample.value)
  }
}

export type VectorSample = {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Throws NoSample for what is no sample of a vector. */
export function sampleOf(entry: unknown): VectorSample {
  const { metric, value: point } = isRecord(entry) ? entry : {}
  const text: unknown = Array.isArray(point) ? point[1] : undefined
  if (!isLabels(metric) || typeof text !== 'string') {
    throw new NoSample('a sample has no labels or no value')
  }
  return { labels: metric, value: numberOf(text) }
}

/** Prometheus writes infinities as `+Inf` and `-Inf`. Throws NoSample for text that is no number. */
function numberOf(text: string): number {
  const number = Number(text.replace('Inf', 'Infinity'))
  if ((Number.isNaN(number) && text !== 'NaN') || text === '') {
    throw new NoSample('the value of a sample is no number')
  }
  return number
}

function isLabels(value: unknown): value is Readonly<Record<string, string>> {
  return isRecord(value) && Object.values(value).every(label => typeof label === 'string')
}

function namesIn(sample: string): string[] {
  return Object.keys(sampleOf(parseRecord(sample)).labels)
}

/** Where the JSON value ends that begins here, or -1 if it is cut. */
function endOf(text: string, from: number): number {
  let depth = 0
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      at = stringEnd(text, at)
      if (at < 0) return -1
    } else if (code === 0x7b || code === 0x5b) depth++
    else if (code === BRACE || code === BRACKET) depth--
    else if (depth === 0 && code !== COMMA) continue
    if (depth <= 0) return depth < 0 || code === COMMA ? at : at + 1
  }
  return -1
}

/** Where the closing quote is, or -1. */
function stringEnd(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === BACKSLASH) at++
    else if (code === QUOTE) return at
  }
  return -1
}
