import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { promql, type Row } from './running.ts'

const file = join(import.meta.dirname, '../../chart/files/rules/peers.yaml')
const Rule = z.object({ record: z.string().optional(), expr: z.string() })
const { groups } = z
  .object({ groups: z.array(z.object({ rules: z.array(Rule) })) })
  .parse(parse(readFileSync(file, 'utf8')))
const exprs = new Map(groups.flatMap(({ rules }) => rules.map(one => [one.record, one.expr])))

/**
 * What a recorded series divides, without its rates: the rule over the counters of one namespace
 * themselves. These stand still when all is sent, so they can be compared to the byte.
 */
export async function ruleOverCounters(record: string, namespace: string): Promise<Row[]> {
  const counters = `podatlas_transmit_bytes_total{k8s_namespace="${namespace}"}`
  const whole = inPlace(record).replaceAll('rate(podatlas_transmit_bytes_total[5m])', counters)
  return await promql(whole)
}

/** The rule's expression with those of earlier rules where it reads what they record. */
function inPlace(record: string): string {
  const expr = exprs.get(record)
  if (expr === undefined) throw new Error(`chart/files/rules/peers.yaml records no ${record}`)
  return expr.replaceAll(/\w+:\w+:rate5m/g, earlier => `(${inPlace(earlier)})`)
}
