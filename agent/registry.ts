/** One value of a metric. */
export type Reading = {
  /** In the order in which the metric names them. */
  readonly labels: Readonly<Record<string, string>>
  value: number
}

export type Metric = {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  /** By a key of their labels. What has no labels has one reading, from its start on. */
  readonly readings: ReadonlyMap<string, Reading>
}

type LabelsOf<Label extends string> = Readonly<Record<Label, string>>

export type Counter = Metric & { readonly inc: (amount?: number) => void }
export type Gauge = Metric & { readonly set: (value: number) => void }
export type LabelledCounter<Label extends string> = Metric & {
  readonly inc: (labels: LabelsOf<Label>, amount?: number) => void
}
export type LabelledGauge<Label extends string> = Metric & {
  readonly set: (labels: LabelsOf<Label>, value: number) => void
  /** Ends the reading of these labels. */
  readonly remove: (labels: LabelsOf<Label>) => void
}

type AddCounter = {
  (name: string, help: string): Counter
  <Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
  ): LabelledCounter<Label>
}
type AddGauge = {
  (name: string, help: string): Gauge
  <Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
  ): LabelledGauge<Label>
}

export type Registry = {
  /** Its `inc` adds 1 or the amount; throws TypeError for an amount below 0. */
  readonly counter: AddCounter
  readonly gauge: AddGauge
  readonly metrics: readonly Metric[]
  /** What every reading carries beside its own labels. */
  readonly commonLabels: Readonly<Record<string, string>>
}

/**
 * Counters and gauges of this process, in the order in which they were added; `prefix` begins each name.
 * A library would do, if the process had 17 MB to spare.
 */
export function createRegistry(
  prefix: string,
  commonLabels: Registry['commonLabels'] = {},
): Registry {
  const metrics: Metric[] = []

  function add<Kind extends Metric>(metric: Kind): Kind {
    metrics.push(metric)
    return metric
  }

  function counter(name: string, help: string, labelNames: readonly string[] = []) {
    const { readings, reading } = readingsOf(labelNames)
    return add({
      name: prefix + name,
      help,
      type: 'counter' as const,
      readings,
      inc: (first?: AnyLabels | number, second?: number) => {
        const amount = (typeof first === 'object' ? second : first) ?? 1
        if (!(amount >= 0)) throw new TypeError(`${name}: a counter cannot grow by ${amount}`)
        reading(first).value += amount
      },
    })
  }

  function gauge(name: string, help: string, labelNames: readonly string[] = []) {
    const { readings, reading, remove } = readingsOf(labelNames)
    return add({
      name: prefix + name,
      help,
      type: 'gauge' as const,
      readings,
      set: (first: AnyLabels | number, second = 0) => {
        reading(first).value = typeof first === 'object' ? second : first
      },
      remove,
    })
  }

  return { counter, gauge, metrics, commonLabels }
}

type AnyLabels = Readonly<Record<string, string>>

function readingsOf(labelNames: readonly string[]) {
  const readings = new Map<string, Reading>()
  const keyOf = (labels: AnyLabels) =>
    labelNames.length === 1
      ? (labels[labelNames[0] ?? ''] ?? '')
      : JSON.stringify(labelNames.map(name => labels[name]))

  function reading(of: AnyLabels | number | undefined): Reading {
    const labels = typeof of === 'object' ? of : {}
    const key = keyOf(labels)
    const known = readings.get(key)
    if (known) return known
    const texts = labelNames.map(name => [name, String(labels[name])])
    const fresh = { labels: Object.fromEntries(texts), value: 0 }
    readings.set(key, fresh)
    return fresh
  }

  if (labelNames.length === 0) reading({})
  return { readings, reading, remove: (labels: AnyLabels) => void readings.delete(keyOf(labels)) }
}
