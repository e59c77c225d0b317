import { BlockList, isIPv6 } from 'node:net'
import { metrics2021, trafficMetrics, type TrafficMetric } from '../aggregate/metrics.ts'
import type { AttributedFlow, Metric, Samples, Series } from '../model.ts'
import { samplesOf, type Sample } from './sample.ts'

/** What a receiver knows of one set of labels. */
type Known = { readonly series: Series; readonly timestampMs: number; readonly isAlive: boolean }

type Brought = {
  readonly flow: AttributedFlow
  readonly truth: Readonly<Record<string, string | undefined>>
}

const byLabels = new Map(
  [...trafficMetrics, ...metrics2021].map(metric => [String(metric.labels), metric]),
)

const metrics = new Map<Metric, TrafficMetric>()

/**
 * Keeps books of all series, as a receiver that never forgets, and throws as soon as a sample is
 * impossible: out of order, not from zero, falling, after its end, or more than there was to count.
 */
export function receiverBooks(startedMs: number) {
  const known = new Map<string, Known>()
  /** By series, and by metric over all series there ever were; in the whole numbers of `metric.of`. */
  const totals = new Map<Series, number>()
  const sums = new Map<TrafficMetric, number>()
  /** Bytes by how far they were folded. */
  const folded: Record<string, number> = {}

  function receive(batches: readonly Samples[], flows: readonly AttributedFlow[]): void {
    const brought = flows.map(flow => ({ flow, truth: truthOf(flow) }))
    for (const sample of batches.flatMap(samplesOf)) {
      const { series, labels, timestampMs, isStale } = sample
      const key = JSON.stringify(labels)
      const before = known.get(key)
      const must = (isTrue: boolean, what: string) => {
        if (!isTrue) throw new Error(`${what}: ${key} at ${timestampMs}, ${JSON.stringify(before)}`)
      }
      must(timestampMs > (before?.timestampMs ?? startedMs - 1), 'no later than the one before')
      if (before?.isAlive) must(series === before.series, 'another object for the same series')
      else {
        must(!isStale, 'ends without having begun')
        must(series !== before?.series, 'the object of a series that had ended')
        if (series.metric.type === 'counter') {
          must(sample.value === 0 && timestampMs === series.startMs, 'does not begin with a zero')
        }
      }
      known.set(key, { series, timestampMs, isAlive: !isStale })
      if (!isStale && series.metric.type === 'counter') grow(sample, brought, must)
    }
  }

  function grow(
    { series, labels, value }: Sample,
    flows: readonly Brought[],
    must: (isTrue: boolean, what: string) => void,
  ): void {
    const metric = metricOf(series)
    const total = Math.round(value * metric.perUnit)
    const amount = total - (totals.get(series) ?? 0)
    totals.set(series, total)
    must(amount >= 0, 'a counter fell')
    sums.set(metric, (sums.get(metric) ?? 0) + amount)
    if (amount === 0) return
    const told = Object.fromEntries(labels)
    const brought = flows
      .filter(each => isOf(each, told))
      .reduce((sum, { flow }) => sum + metric.of(flow), 0)
    must(amount <= brought, 'more than flows with these labels brought')
    const step = stepOf(told)
    if (step !== 'exact' && /^podatlas_.*_bytes_total$/.test(metric.name))
      folded[step] = (folded[step] ?? 0) + amount
  }

  return {
    receive,
    folded,
    alive: () => [...known.values()].filter(({ isAlive }) => isAlive),
    sumOf: (metric: TrafficMetric) => sums.get(metric) ?? 0,
  }
}

function metricOf({ metric }: Series): TrafficMetric {
  const known = metrics.get(metric) ?? byLabels.get(String(metric.labels))
  if (!known) throw new Error(`there is no metric ${metric.name}`)
  metrics.set(metric, known)
  return known
}

/** What a flow says for each label, written down a second time. */
function truthOf({ owner, process, ...flow }: AttributedFlow): Record<string, string | undefined> {
  return {
    k8s_namespace: owner.namespace,
    k8s_pod: owner.pod,
    container_name: owner.container,
    k8s_workload: owner.workload,
    k8s_workload_kind: owner.workloadKind,
    container_image: owner.image,
    container_id: owner.containerId,
    destination_port: String(flow.servicePort),
    protocol: flow.protocol,
    role: flow.role,
    process_pid: process && String(process.pid),
    process_cmd: process?.command,
  }
}

/** Whether a flow may count in a series with these labels. */
function isOf({ flow, truth }: Brought, told: Readonly<Record<string, string>>): boolean {
  const { destination_ip: remote = 'other' } = told
  if (remote !== 'other' && remote !== flow.remoteAddress && !isWithin(flow.remoteAddress, remote))
    return false
  return Object.entries(truth).every(([name, value]) => (told[name] ?? value) === value)
}

function isWithin(address: string, network: string): boolean {
  const [prefix = '', bits] = network.split('/')
  if (bits === undefined || address === 'other' || isIPv6(address) !== isIPv6(prefix)) return false
  const family = isIPv6(prefix) ? 'ipv6' : 'ipv4'
  const block = new BlockList()
  block.addSubnet(prefix, Number(bits), family)
  return block.check(address, family)
}

function stepOf({
  destination_ip: remote = '',
  ...told
}: Readonly<Record<string, string>>): string {
  if (remote.includes('/')) return 'network'
  if (remote !== 'other') return 'exact'
  return Object.keys(told).some(name => /^(k8s|container)_/.test(name)) ? 'container' : 'node'
}
