import { alarm } from './panels.ts'
import { budget } from './agent/budget.ts'
import { functions } from './agent/functions.ts'
import { costs, kernel } from './agent/kernel.ts'
import { losses } from './agent/losses.ts'
import { own } from './agent/own.ts'
import { sinks } from './agent/sinks.ts'
import { dashboardOf } from './parts.ts'
import { inCluster, series } from './queries.ts'
import { columns, rows } from './tables.ts'
import { now } from './targets.ts'

/** Is the data right? What the agents and functions say of themselves. */
export const agent = dashboardOf({
  uid: 'podatlas-agent',
  title: 'podatlas / Agent',
  description: 'Whether every node reports, what is lost, folded or late, and what it all costs.',
  rows: [
    { height: 7, panels: [versions(), nodesWithoutAgent(), databaseAge(), clocksAhead()] },
    losses(),
    costs(),
    kernel(),
    budget(),
    ...sinks(),
    functions(),
  ],
})

function versions() {
  return rows({
    id: 1,
    title: 'Versions',
    description: 'Agents by version. More than one for long is an update that stopped.',
    width: 7,
    unit: 'short',
  })
    .withTarget(now('A', `count by (version) (${inCluster(series.agent)})`))
    .transformations(columns({ version: 'Version', Value: 'Agents' }))
}

function nodesWithoutAgent() {
  const silent = `${inCluster(series.node)} unless on (cluster, source_host) ${series.agent}`
  return rows({
    id: 2,
    title: 'Nodes without agent',
    description: 'Nodes of the cluster that no agent reports from: their traffic is in no series.',
    width: 7,
    unit: 'short',
  })
    .withTarget(now('A', `max by (source_host, zone) (${silent})`))
    .transformations(columns({ source_host: 'Node', zone: 'Zone' }, ['Value']))
    .noValue('Every node reports')
}

function databaseAge() {
  const built = 'podatlas_geoip_database_build_timestamp_seconds'
  return rows({
    id: 3,
    title: 'Database age',
    description:
      'Time since the databases of places were built, and whether the file as it is now is in use. Addresses move: renew them each month.',
    width: 6,
    unit: 's',
  })
    .withTarget(now('A', `time() - min by (database) (${built})`))
    .withTarget(now('B', 'min by (database) (podatlas_geoip_database_up)'))
    .transformations(columns({ database: 'Database', 'Value #A': 'Age', 'Value #B': 'In use' }))
    .overrideByName('In use', [
      { id: 'unit', value: 'bool_yes_no' },
      { id: 'custom.width', value: 70 },
    ])
    .noValue('geoip is off')
}

function clocksAhead() {
  return alarm(
    {
      id: 4,
      title: 'Stamped ahead',
      description:
        'How far samples are stamped ahead of a clock that was set back: their rates are squeezed.',
      width: 4,
      unit: 's',
    },
    1,
  ).withTarget(now('A', `max(${own('stamps_ahead_seconds')})`))
}
