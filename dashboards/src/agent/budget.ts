import { overTime } from '../panels.ts'
import type { Row } from '../parts.ts'
import { rateOf, sumBy } from '../queries.ts'
import { unit } from '../tables.ts'
import { over } from '../targets.ts'
import { own } from './own.ts'

/** How far the series budget goes, and what happens to the rest. */
export function budget(): Row {
  return { height: 8, panels: [seriesAndBudget(), folded(), evicted()] }
}

function seriesAndBudget() {
  return overTime({
    id: 14,
    title: 'Series and budget',
    description: 'Share of the series budget that is used (agent.series.budget).',
    width: 8,
    unit: 'percentunit',
  })
    .min(0)
    .withTarget(
      over(
        'A',
        `max by (source_host) (${own('series')} / (${own('series_budget')} > 0))`,
        '{{source_host}}',
      ),
    )
}

function folded() {
  return overTime({
    id: 15,
    title: 'Folded',
    description:
      'Bytes per second counted without their address, because the budget is used up: in its network, in "other" of the container, or in that of the node.',
    width: 8,
    unit: 'Bps',
  })
    .min(0)
    .withTarget(
      over(
        'A',
        sumBy('source_host, step', rateOf(own('folded_bytes_total'))),
        '{{source_host}} {{step}}',
      ),
    )
    .noValue('Nothing is folded')
}

function evicted() {
  return overTime({
    id: 16,
    title: 'Replaced and without series',
    description:
      'Series that made room for bigger ones, signals without a series of their own (per second), and addresses without any.',
    width: 8,
    unit: 'cps',
  })
    .min(0)
    .withTarget(over('A', sumBy('step', rateOf(own('evicted_series_total'))), 'replaced: {{step}}'))
    .withTarget(over('B', `sum(${rateOf(own('folded_signals_total'))})`, 'signals without series'))
    .withTarget(over('C', `sum(${own('folded_targets')})`, 'addresses without series'))
    .overrideByQuery('C', unit('short'))
}
