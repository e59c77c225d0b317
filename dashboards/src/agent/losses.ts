import { overTime } from '../panels.ts'
import type { Row } from '../parts.ts'
import { rateOf, sumBy } from '../queries.ts'
import { unit } from '../tables.ts'
import { over } from '../targets.ts'
import { faultLines, own } from './own.ts'

/** Counters that stand still when all is well, and what their lines say. */
const agentFaults: Readonly<Record<string, string>> = {
  drain_failures_total: 'drain failed',
  kernel_drops_total: 'kernel: {{reason}}',
  kernel_seed_failures_total: 'search for older connections failed',
  process_walk_failures_total: 'search for processes failed',
  cgroup_births_lost_total: 'cgroup born unnoticed',
  udp_attach_failures_total: 'UDP not attached: {{reason}}',
  udp_reattachments_total: 'UDP attached again',
  pod_watch_failures_total: 'watch of pods: {{reason}}',
  zone_failures_total: "node's zone: {{reason}}",
  scrape_failures_total: 'scrape: {{reason}}',
}

/** What is missing in the series, and why. */
export function losses(): Row {
  return { height: 8, panels: [lost(), notAttributed(), faults()] }
}

function lost() {
  return overTime({
    id: 5,
    title: 'Lost, by reason',
    description: 'Bytes per second that the kernel counted and that no series shows.',
    width: 8,
    unit: 'Bps',
  })
    .min(0)
    .withTarget(over('A', sumBy('reason', rateOf(own('lost_bytes_total'))), '{{reason}}'))
    .noValue('Nothing is lost')
}

function notAttributed() {
  return overTime({
    id: 6,
    title: 'Not attributed, by reason',
    description: 'Bytes per second whose owner is not fully known, and bytes that wait for a name.',
    width: 8,
    unit: 'Bps',
  })
    .min(0)
    .withTarget(over('A', sumBy('reason', rateOf(own('unattributed_bytes_total'))), '{{reason}}'))
    .withTarget(over('B', `sum(${own('held_bytes')})`, 'waiting'))
    .overrideByQuery('B', unit('bytes'))
}

function faults() {
  return faultLines(
    {
      id: 7,
      title: 'Faults',
      description:
        'What went wrong on the nodes, per second. One that stands still costs nothing any more.',
      width: 8,
    },
    Object.entries(agentFaults).map(([name, legend]) => [own(name), legend]),
  )
}
