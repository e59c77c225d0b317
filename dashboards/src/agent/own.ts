import { overTime } from '../panels.ts'
import { inCluster, rateOf, sumBy } from '../queries.ts'
import { over } from '../targets.ts'

/** A metric of the agent itself. */
export function own(name: string): string {
  return inCluster(`podatlas_agent_${name}`)
}

/** Counters that stand still when all is well: one line for each that moves. */
export function faultLines(
  face: { id: number; title: string; description: string; width: number },
  counters: readonly (readonly [selector: string, legend: string])[],
) {
  const panel = overTime({ ...face, unit: 'cps' })
    .min(0)
    .noValue('No fault')
  for (const [at, [selector, legend]] of counters.entries()) {
    const labels = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label).join(', ')
    const sum = labels === '' ? `sum(${rateOf(selector)})` : sumBy(labels, rateOf(selector))
    // What stands still would hide what moves.
    panel.withTarget(over(String.fromCodePoint(65 + at), `${sum} > 0`, legend))
  }
  return panel
}
