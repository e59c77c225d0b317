import type { Ask } from '../prometheus/query.ts'
import type { PolicyQuery } from './policies.ts'

/** What violates a policy, added up over the time asked for. */
export type Violation = {
  readonly policy: string
  readonly severity: string
  /** Absent, as all of the others, where the series lack the label. */
  readonly cluster?: string
  readonly namespace?: string
  readonly pod?: string
  /** Of the pod: client or server. */
  readonly role?: string
  readonly country?: string
  readonly asn?: string
  /** Bytes and connections, good to a few percent: they are made of rates over 5 minutes. */
  sent: number
  received: number
  connections: number
  /** Seconds since the epoch, to the minute. */
  first: number
  last: number
}

export type Verdict = {
  readonly fromS: number
  readonly untilS: number
  /** Of how many seconds Prometheus has any traffic by country. */
  readonly coveredS: number
  readonly policies: readonly string[]
  /** Most bytes first. */
  readonly violations: readonly Violation[]
}

/** A burst stays in a rate for five minutes, so looking once a minute misses none. */
const stepS = 60
/** What Prometheus is asked for at once: many more samples, and it might refuse. */
const chunkS = 86_400

const recorded = 'namespace_pod_country:podatlas_transmit_bytes:rate5m'
const kept = ['cluster', 'k8s_namespace', 'k8s_pod', 'role', 'country', 'asn']

/** Asks what the policies would have flagged. Throws QueryError, and an Error where there is nothing to judge by. */
export async function judge(
  queries: readonly PolicyQuery[],
  ask: Ask,
  { spanS, untilMs }: { readonly spanS: number; readonly untilMs: number },
): Promise<Verdict> {
  // Upwards: what happened a moment ago is in the minute that is not over.
  const untilS = Math.ceil(untilMs / 1_000 / stepS) * stepS
  const fromS = untilS - spanS
  const found = new Map<string, Violation>()
  let coveredS = 0
  for (let startS = fromS; startS < untilS; startS += chunkS) {
    const endS = Math.min(startS + chunkS, untilS)
    const over = `[${endS - startS}s:${stepS}s] @ ${endS}`
    const { samples } = await ask(`count_over_time(group(${recorded})${over}) * ${stepS}`)
    coveredS += samples[0]?.value ?? 0
    if (samples.length === 0) continue
    for (const query of queries) add(found, query, (await ask(aggregated(query, over))).samples)
  }
  if (coveredS === 0) {
    throw new Error(
      `Prometheus has no ${recorded} of that time, so nothing can be said. Does it evaluate the rules of the chart?`,
    )
  }
  const violations = [...found.values()].toSorted(
    (a, b) => b.sent + b.received - a.sent - a.received || b.connections - a.connections,
  )
  const policies = [...new Set(queries.map(({ policy }) => policy))]
  return { fromS, untilS, coveredS: Math.min(coveredS, spanS), policies, violations }
}

/** Amount, first and last time in one answer, told apart by the label `is`. */
function aggregated({ expr }: PolicyQuery, over: string): string {
  const flagged = `sum by (${kept.join(', ')}) (${expr})`
  return [
    `label_replace(sum_over_time(${flagged}${over}) * ${stepS}, "is", "amount", "", "")`,
    `label_replace(min_over_time(timestamp(${flagged})${over}), "is", "first", "", "")`,
    `label_replace(max_over_time(timestamp(${flagged})${over}), "is", "last", "", "")`,
  ].join(' or ')
}

function add(
  found: Map<string, Violation>,
  { policy, severity, signal }: PolicyQuery,
  samples: Awaited<ReturnType<Ask>>['samples'],
): void {
  for (const { labels, value } of samples) {
    const key = JSON.stringify([policy, ...kept.map(name => labels[name])])
    const violation = found.get(key) ?? { ...newViolation(labels), policy, severity }
    found.set(key, violation)
    if (labels['is'] === 'amount') violation[signal] += value
    if (labels['is'] === 'first') violation.first = Math.min(violation.first, value)
    if (labels['is'] === 'last') violation.last = Math.max(violation.last, value)
  }
}

function newViolation(labels: Readonly<Record<string, string>>) {
  const { cluster, k8s_namespace: namespace, k8s_pod: pod, role, country, asn } = labels
  return {
    ...(cluster && { cluster }),
    ...(namespace && { namespace }),
    ...(pod && { pod }),
    ...(role && { role }),
    ...(country && { country }),
    ...(asn && { asn }),
    sent: 0,
    received: 0,
    connections: 0,
    first: Infinity,
    last: 0,
  }
}
