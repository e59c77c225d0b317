import { parse, parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { isRecord } from '../prometheus/json.ts'

/** What a policy counts: bytes of either direction, or connections. */
export type Signal = 'sent' | 'received' | 'connections'

/** One rule of a policy, as the chart wrote it. */
export type PolicyQuery = {
  readonly policy: string
  readonly severity: string
  readonly signal: Signal
  /** Yields rates per second, of what violates the policy only. */
  readonly expr: string
}

const violations = 'namespace_pod_country:podatlas_geofence_violation_'

const Rule = z.object({
  record: z.string(),
  expr: z.string(),
  labels: z.object({
    policy: z.string(),
    severity: z.string(),
    direction: z.enum(['transmit', 'receive']).optional(),
  }),
})

/**
 * The policies among rules, which may come as a rule file, a ConfigMap with rule files, or a
 * PrometheusRule. Throws an Error where there are none; `file` is for its message.
 */
export function policyQueries(text: string, file: string): PolicyQuery[] {
  const found = new Map<string, PolicyQuery>()
  for (const document of parseAllDocuments(text)) {
    const [fault] = document.errors
    if (fault) throw new Error(`${file}: no YAML: ${fault.message}`)
    for (const query of groupsIn(document.toJS()).flatMap(rules => rules.flatMap(queryOf))) {
      found.set(`${query.policy} ${query.signal}`, query)
    }
  }
  if (found.size > 0) return [...found.values()]
  throw new Error(
    `${file}: there is no geofence policy in it. Write one under geofence.policies, or hand over rules that the chart made`,
  )
}

/** The lists of rules in an object, wherever it keeps them. */
function groupsIn(content: unknown): unknown[][] {
  if (!isRecord(content)) return []
  if (isRecord(content['spec'])) return groupsIn(content['spec'])
  if (isRecord(content['data'])) {
    return Object.values(content['data']).flatMap(file =>
      typeof file === 'string' ? groupsIn(parse(file)) : [],
    )
  }
  const groups = content['groups']
  if (!Array.isArray(groups)) return []
  return groups.flatMap((group: unknown) =>
    isRecord(group) && Array.isArray(group['rules']) ? [group['rules']] : [],
  )
}

function queryOf(rule: unknown): PolicyQuery[] {
  const parsed = Rule.safeParse(rule)
  if (!parsed.success || !parsed.data.record.startsWith(violations)) return []
  const { expr, labels } = parsed.data
  const { policy, severity, direction } = labels
  const signal = { transmit: 'sent', receive: 'received', none: 'connections' } as const
  return [{ policy, severity, expr, signal: signal[direction ?? 'none'] }]
}
