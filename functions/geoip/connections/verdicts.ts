import type { Ask } from '../../prometheus/query.ts'
import type { VectorSample } from '../../prometheus/samples.ts'
import { measure } from './promql.ts'
import type { ViewRequest } from './view-request.ts'

/**
 * `forbidden`: it violates a policy; `allowed`: policies apply to it, and it violates none; `unknown`:
 * none applies, or its country is not known.
 */
export type Verdict = 'allowed' | 'forbidden' | 'unknown'

/** A policy of the chart's geofence.policies that Prometheus judges by. */
export type Policy = { readonly name: string; readonly severity: string }

/** What a verdict goes by. */
export type Judged = {
  readonly namespace: string | null
  readonly pod: string | null
  readonly role: string | null
  /** ISO code; `unknown` for public addresses without a place, `none` for others. */
  readonly country: string
  readonly asNumber: number | null
}

export type Verdicts = {
  readonly policies: readonly Policy[]
  /** The verdict, with the names of the policies that are violated. */
  readonly judge: (connection: Judged) => {
    readonly verdict: Verdict
    readonly violates: readonly string[]
  }
}

// A violation stays in its rate for five minutes; rules are evaluated once a minute at least.
const LEAST_WINDOW_SECONDS = 60

/**
 * Reads verdicts from the series of the chart's rules, which alone know what a policy means: the page
 * and the alerts cannot disagree. Where there are no such rules all is `unknown`. Throws QueryError.
 */
export function verdictReader(ask: Ask): (request: ViewRequest) => Promise<Verdicts> {
  return async ({ windowSeconds, endSeconds }) => {
    const seconds = Math.max(LEAST_WINDOW_SECONDS, windowSeconds)
    const { samples } = await ask(verdictsQuery(seconds), endSeconds)
    return verdictsOf(samples)
  }
}

function verdictsQuery(seconds: number): string {
  const policies = `max by (policy, severity, namespaces, connections) (podatlas_geofence_policy)`
  const signals = '{__name__=~"namespace_pod_country:podatlas_geofence_violation_.+"}'
  const by = 'policy, k8s_namespace, k8s_pod, role, country, asn'
  const violations = `count by (${by}) (max_over_time(${signals}[${seconds}s]))`
  return `${measure('policy', policies)} or ${measure('violation', violations)}`
}

function verdictsOf(samples: readonly VectorSample[]): Verdicts {
  const labelsOf = (name: string) =>
    samples.flatMap(({ labels }) => (labels['measure'] === name ? [labels] : []))
  const policies = labelsOf('policy')
  const violations = new Map<string, string[]>()
  for (const labels of labelsOf('violation')) {
    const { policy = '', k8s_namespace: namespace, k8s_pod: pod, role, country, asn } = labels
    const key = keyOf(namespace, pod, role, country, asn)
    violations.set(key, [...(violations.get(key) ?? []), policy])
  }
  return {
    policies: policies.map(({ policy: name = '', severity = '' }) => ({ name, severity })),
    judge: ({ namespace, pod, role, country, asNumber }) => {
      const key = keyOf(namespace, pod, role, country, asNumber?.toString())
      const violates = violations.get(key)?.toSorted()
      if (violates) return { verdict: 'forbidden', violates }
      const isJudged =
        country !== 'unknown' &&
        country !== 'none' &&
        policies.some(policy => appliesTo(policy, namespace, role))
      return { verdict: isJudged ? 'allowed' : 'unknown', violates: [] }
    },
  }
}

/** As the chart wrote it: namespaces joined by `|`, none for all of them. */
function appliesTo(
  { namespaces, connections }: VectorSample['labels'],
  namespace: string | null,
  role: string | null,
): boolean {
  if (namespaces && !namespaces.split('|').includes(namespace ?? '')) return false
  if (connections === 'inbound') return role === 'server'
  return connections === 'all' || role === 'client'
}

function keyOf(...parts: readonly (string | null | undefined)[]): string {
  return JSON.stringify(parts.map(part => part ?? ''))
}
