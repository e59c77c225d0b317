import type { Labels, Samples } from '../../model.ts'

/** Of an attribute, in characters: a longer one makes New Relic drop the event. */
const MAX_VALUE_LENGTH = 4_096

/** Attribute of an event, by the label it comes from: dotted as in 2021. */
const ATTRIBUTES: Readonly<Record<string, string>> = {
  cluster: 'cluster',
  container_id: 'container.id',
  container_image: 'container.image',
  container_name: 'container.name',
  destination_ip: 'destination.ip',
  destination_port: 'destination.port',
  k8s_namespace: 'k8s.namespace',
  k8s_pod: 'k8s.pod',
  k8s_workload: 'k8s.workload',
  k8s_workload_kind: 'k8s.workload.kind',
  process_cmd: 'process.cmd',
  process_pid: 'process.pid',
  protocol: 'protocol',
  role: 'role',
  source_host: 'source.host',
  zone: 'zone',
}

/** New Relic compares "443" and 443 as different values. */
const NUMBERS = ['destination_port', 'process_pid']

/** Attribute that adds up what its counters grew by. */
const AMOUNTS: Readonly<Record<string, string>> = {
  podatlas_transmit_bytes_total: 'bytes.tx',
  podatlas_receive_bytes_total: 'bytes.rx',
  podatlas_connections_opened_total: 'connections.opened',
  podatlas_connections_failed_total: 'connections.failed',
  podatlas_connections_reset_total: 'connections.reset',
  podatlas_tcp_retransmits_total: 'tcp.retransmits',
}
const RTT_SUM = 'podatlas_tcp_rtt_seconds_sum'
const RTT_COUNT = 'podatlas_tcp_rtt_seconds_count'

// In 2021 each event had both directions, also those without a byte.
const ZEROS = { 'bytes.rx': 0, 'bytes.tx': 0 }
const ZEROS_OF_TCP = { ...ZEROS, 'tcp.retransmits': 0 }

const WANTED = new Set([...Object.keys(AMOUNTS), RTT_SUM, RTT_COUNT])

/** Whether events tell of a metric. The names of 2021 say the same bytes again. */
export function isTold(metricName: string): boolean {
  return WANTED.has(metricName)
}

/** What events say of a target, in JSON without braces, and what they say where nothing moved. */
type Target = { readonly text: string; readonly zeros: Readonly<Record<string, number>> }

/**
 * Makes an encoder: of by how much counters grew, one `ContainerVisibility` event per target that moved,
 * as a JSON array. `onCut` is told of each value that was cut to what New Relic takes, once per target.
 */
export function eventEncoder(
  onCut: (attribute: string) => void,
): (changes: Samples) => { readonly json: string; readonly events: number } {
  // Most of an event, and always the same.
  const known = new WeakMap<Labels, Target>()

  function targetOf(labels: Labels): Target {
    const before = known.get(labels)
    if (before) return before
    const attributes: Record<string, string | number> = {}
    for (const [label, value] of labels) {
      const name = ATTRIBUTES[label]
      if (name === undefined) continue
      const cut = cutToLength(value)
      if (cut !== value) onCut(name)
      attributes[name] = NUMBERS.includes(label) && /^\d+$/.test(cut) ? Number(cut) : cut
    }
    const target = {
      text: JSON.stringify(attributes).slice(1, -1),
      zeros: attributes['protocol'] === 'tcp' ? ZEROS_OF_TCP : ZEROS,
    }
    known.set(labels, target)
    return target
  }

  return ({ timestampMs, series, values }) => {
    const amounts = new Map<string, Record<string, number>>()
    for (const [index, { metric, target: labels }] of series.entries()) {
      const { text, zeros } = targetOf(labels)
      const own = amounts.get(text) ?? { ...zeros }
      amounts.set(text, own)
      const name = AMOUNTS[metric.name] ?? metric.name
      own[name] = (own[name] ?? 0) + (values?.[index] ?? 0)
    }
    const start = `"eventType":"ContainerVisibility","timestamp":${timestampMs},"event":"Close"`
    const texts = [...amounts].map(
      ([target, own]) => `{${[start, target, amountsText(own)].filter(Boolean).join(',')}}`,
    )
    return { json: `[${texts.join(',')}]`, events: texts.length }
  }
}

/** The round-trip time is a mean, in µs; a part of a batch may hold but one of its two numbers. */
function amountsText(amounts: Readonly<Record<string, number>>): string {
  const { [RTT_SUM]: seconds = 0, [RTT_COUNT]: samples = 0, ...sums } = amounts
  const srttUs = Math.round((seconds / samples) * 1e6)
  const rtt = seconds > 0 && samples > 0 ? { 'tcp.srtt': srttUs } : {}
  return JSON.stringify({ ...sums, ...rtt }).slice(1, -1)
}

/** Without half of a surrogate pair at its end, which is no text. */
function cutToLength(value: string): string {
  if (value.length <= MAX_VALUE_LENGTH) return value
  const cut = value.slice(0, MAX_VALUE_LENGTH)
  return cut.isWellFormed() ? cut : cut.slice(0, -1)
}
