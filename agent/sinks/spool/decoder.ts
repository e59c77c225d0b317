import type { Labels, Metric, Samples, Series } from '../../model.ts'
import { seriesKey } from '../series-labels.ts'
import { isMoment, KIND, LIST_HEAD, MOMENT_HEAD, type Declaration } from './format.ts'

/** Reads the bodies of one segment's records, from its beginning on and in order. */
export type SpoolDecoder = {
  /** The moment that a record holds; undefined: it holds what later ones refer to. Throws on what no encoder writes. */
  readonly decode: (body: Buffer) => Samples | undefined
  /** Series that were declared and did not end since; of those with equal labels, the younger one counts. */
  readonly alive: () => Series[]
}

export function spoolDecoder(): SpoolDecoder {
  const metrics: Metric[] = []
  const targets: Labels[] = []
  const declared: Series[] = []
  const ended = new Set<Series>()
  const lists: (readonly Series[])[] = []

  function decode(body: Buffer): Samples | undefined {
    if (body[0] === KIND.declare) declare(body)
    else if (body[0] === KIND.list) lists[body[1] ?? 0] = listIn(body)
    else if (isMoment(body)) return momentIn(body)
    return undefined
  }

  function declare(body: Buffer): void {
    const text: Declaration = JSON.parse(body.toString('utf8', 1))
    metrics.push(...text.metrics)
    targets.push(...text.targets)
    for (const [metric, target, startMs] of text.series)
      declared.push({ metric: known(metrics[metric]), target: known(targets[target]), startMs })
  }

  function listIn(body: Buffer): Series[] {
    const series: Series[] = []
    for (let at = LIST_HEAD; at < body.length; at += 4)
      series.push(known(declared[body.readUInt32LE(at)]))
    return series
  }

  function momentIn(body: Buffer): Samples {
    const series = known(lists[body[1] ?? 0])
    const timestampMs = body.readDoubleLE(8)
    if (body[0] === KIND.ended) {
      for (const one of series) ended.add(one)
      return { timestampMs, series }
    }
    const values = new Float64Array(series.length)
    if (body.length !== MOMENT_HEAD + values.byteLength) throw damaged()
    // Copied, because the values of a record need not stand where numbers may.
    new Uint8Array(values.buffer).set(body.subarray(MOMENT_HEAD))
    return { timestampMs, series, values }
  }

  return {
    decode,
    alive: () => {
      const newest = new Map(declared.map(one => [seriesKey(one), one]))
      return [...newest.values()].filter(one => !ended.has(one))
    },
  }
}

function known<Thing>(thing: Thing | undefined): Thing {
  if (thing === undefined) throw damaged()
  return thing
}

function damaged(): Error {
  return new Error('a record refers to what its segment does not hold')
}
