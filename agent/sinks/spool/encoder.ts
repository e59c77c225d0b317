import type { Labels, Metric, Samples, Series } from '../../model.ts'
import { framed, KIND, LIST_HEAD, LIST_SLOTS, MOMENT_HEAD, type Declaration } from './format.ts'

/** So many series at most are declared in one record: that bounds the text a reader holds. */
const DECLARED_AT_ONCE = 4_096

/** Writes moments for one segment: what a moment refers to stands before it in the same segment. */
export type SpoolEncoder = {
  /** The records of a moment, as chunks to be written in this order. */
  readonly encode: (samples: Samples) => Uint8Array[]
  /** The same without a moment: of series that may not occur again. */
  readonly declare: (series: readonly Series[]) => Uint8Array[]
  /** What was encoded is written. */
  readonly confirm: () => void
  /** Series of which that is so, and that did not end since and were not forgotten. */
  readonly alive: () => Series[]
  /** The next segment need not know them. */
  readonly forget: (series: readonly Series[]) => void
}

export function spoolEncoder(): SpoolEncoder {
  const metrics = new Map<Metric, number>()
  const targets = new Map<Labels, number>()
  const numbers = new Map<Series, number>()
  const lists: (readonly Series[])[] = []
  let nextSlot = 0
  let nextSeries = 0
  let nextTarget = 0
  let confirmedSeries = 0

  function declare(series: readonly Series[]): Uint8Array[] {
    const fresh = series.filter(one => !numbers.has(one))
    const chunks: Uint8Array[] = []
    for (let start = 0; start < fresh.length; start += DECLARED_AT_ONCE) {
      const text = JSON.stringify(declaration(fresh.slice(start, start + DECLARED_AT_ONCE)))
      chunks.push(...framed(Uint8Array.of(KIND.declare), Buffer.from(text)))
    }
    return chunks
  }

  function declaration(fresh: readonly Series[]): Declaration {
    const newMetrics: Metric[] = []
    const newTargets: Labels[] = []
    const triples = fresh.map(one => {
      const { metric, target, startMs } = one
      let ofMetric = metrics.get(metric)
      if (ofMetric === undefined) {
        metrics.set(metric, (ofMetric = metrics.size))
        newMetrics.push(metric)
      }
      let ofTarget = targets.get(target)
      if (ofTarget === undefined) {
        targets.set(target, (ofTarget = nextTarget++))
        newTargets.push(target)
      }
      numbers.set(one, nextSeries++)
      return [ofMetric, ofTarget, startMs] as const
    })
    return {
      metrics: newMetrics.map(({ name, help, type, labels }) => ({ name, help, type, labels })),
      targets: newTargets,
      series: triples,
    }
  }

  function slotOf(series: readonly Series[]): { slot: number; chunks: Uint8Array[] } {
    const known = lists.findIndex(list => isSame(list, series))
    if (known !== -1) return { slot: known, chunks: [] }
    const chunks = declare(series)
    const slot = nextSlot
    nextSlot = (slot + 1) % LIST_SLOTS
    lists[slot] = series
    const ids = Uint32Array.from(series, one => numbers.get(one) ?? 0)
    const head = Buffer.alloc(LIST_HEAD)
    head[0] = KIND.list
    head[1] = slot
    chunks.push(...framed(head, bytesOf(ids)))
    return { slot, chunks }
  }

  function encode({ timestampMs, series, values }: Samples): Uint8Array[] {
    const { slot, chunks } = slotOf(series)
    const head = Buffer.alloc(MOMENT_HEAD)
    head[0] = values ? KIND.values : KIND.ended
    head[1] = slot
    head.writeDoubleLE(timestampMs, 8)
    chunks.push(...framed(head, ...(values ? [bytesOf(values)] : [])))
    // They do not come back: a series that does is another one.
    if (!values) forget(series)
    return chunks
  }

  function alive(): Series[] {
    const series: Series[] = []
    // Without an array for each entry, which took longer than all else at the beginning of a segment.
    numbers.forEach((number, one) => {
      if (number < confirmedSeries) series.push(one)
    })
    return series
  }

  function forget(series: readonly Series[]): void {
    for (const one of series) numbers.delete(one)
  }

  return {
    encode,
    declare,
    confirm: () => void (confirmedSeries = nextSeries),
    alive,
    forget,
  }
}

function isSame(one: readonly Series[], other: readonly Series[]): boolean {
  if (one === other) return true
  return one.length === other.length && one.every((series, index) => series === other[index])
}

// Every machine that Node 26 runs on is little-endian.
function bytesOf({ buffer, byteOffset, byteLength }: Uint32Array | Float64Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}
