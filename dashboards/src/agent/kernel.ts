import { bars, overTime } from '../panels.ts'
import type { Row } from '../parts.ts'
import { rateOf, sumBy, totalOf } from '../queries.ts'
import { columns, rows } from '../tables.ts'
import { now, over, slice } from '../targets.ts'
import { own } from './own.ts'

/** What agents cost on the nodes. */
export function costs(): Row {
  return { height: 8, panels: [cpu(), memory(), kernelPrograms()] }
}

/** What they hold in the kernel. */
export function kernel(): Row {
  return { height: 8, panels: [kernelMaps(), kernelMemory(), kernelState()] }
}

function cpu() {
  return overTime({
    id: 8,
    title: 'CPU',
    description: 'Cores that the agent of each node uses, its kernel programs not counted.',
    width: 8,
    unit: 'short',
  })
    .min(0)
    .withTarget(
      over('A', sumBy('source_host', rateOf(own('cpu_seconds_total'))), '{{source_host}}'),
    )
}

function memory() {
  return overTime({
    id: 9,
    title: 'Memory per node',
    description: 'Resident memory of the agent of each node, its kernel maps not counted.',
    width: 8,
    unit: 'bytes',
  })
    .min(0)
    .withTarget(
      over('A', `max by (source_host) (${own('resident_memory_bytes')})`, '{{source_host}}'),
    )
}

function kernelPrograms() {
  return overTime({
    id: 10,
    title: 'Kernel programs',
    description:
      "Cores that our programs in the kernel use on all nodes, and how often they run. Only where the kernel's statistics are on (kernel.bpf_stats_enabled).",
    width: 8,
    unit: 'short',
  })
    .min(0)
    .withTarget(over('A', sumBy('program', rateOf(own('bpf_run_seconds_total'))), '{{program}}'))
    .withTarget(over('B', `sum(${rateOf(own('bpf_runs_total'))})`, 'runs per second'))
    .overrideByQuery('B', [
      { id: 'unit', value: 'cps' },
      { id: 'custom.axisPlacement', value: 'right' },
    ])
    .noValue('Statistics of the kernel are off')
}

function kernelMaps() {
  return bars({
    id: 11,
    title: 'Kernel maps',
    description:
      'How full the maps in the kernel are. What does not fit is folded or counted at its close.',
    width: 8,
    unit: 'percentunit',
  })
    .max(1)
    .withTarget(
      slice(
        'A',
        `max by (source_host, map) (${own('kernel_map_entries')} / ${own('kernel_map_capacity')})`,
        '{{source_host}} {{map}}',
      ),
    )
}

function kernelMemory() {
  return bars({
    id: 12,
    title: 'Memory of kernel maps',
    description: 'Memory that the kernel holds for each map, on the node that has most.',
    width: 8,
    unit: 'bytes',
  }).withTarget(slice('A', `max by (map) (${own('kernel_map_bytes')})`, '{{map}}'))
}

function kernelState() {
  return rows({
    id: 13,
    title: 'State of the kernel side',
    description: 'On how many nodes what is so, and how often what happened in this time range.',
    width: 8,
    unit: 'short',
  })
    .withTarget(
      now(
        'A',
        [
          `label_join(sum by (origin) (${own('kernel_origin')}), "state", " ", "origin")`,
          `label_replace(sum by (mode) (${own('udp_mode')}), "state", "UDP: $1", "mode", "(.+)")`,
          state('cannot be pinned', own('kernel_pins_unavailable')),
          state('cgroups with UDP programs', own('udp_cgroups')),
          state('cgroups born', totalOf(own('cgroup_births_total'))),
          state('older connections found', own('kernel_sockets_seeded_total')),
          state('runs done by a twin', totalOf(own('kernel_skipped_runs_total'))),
        ].join(' or '),
      ),
    )
    .transformations(columns({ state: 'State', Value: 'Count' }, ['origin', 'mode']))
}

function state(text: string, expr: string): string {
  return `label_replace(sum(${expr}), "state", "${text}", "", "")`
}
