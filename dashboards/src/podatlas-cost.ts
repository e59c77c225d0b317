import { bars, number, stackedOverTime } from './panels.ts'
import { cell, dashboardOf, line, linksFrom } from './parts.ts'
import { inCluster, series, sumBy } from './queries.ts'
import { barCell, columns, heading, rows } from './tables.ts'
import { now, over, slice } from './targets.ts'

const link = linksFrom('podatlas-cost')
/** Prices are plain numbers (cost.pricePerGB); the chart puts cost.currency in the place of the sign. */
const money = 'currency:¤'
const HOURS_PER_MONTH = 730

/** What traffic costs, and who pays. */
export const cost = dashboardOf({
  uid: 'podatlas-cost',
  title: 'podatlas / Cost',
  description: 'Traffic between zones and to the internet, and its price.',
  rows: [
    {
      height: 7,
      panels: [
        price(1, 'Per hour', 'What the traffic of this moment costs in an hour', ''),
        price(
          2,
          'Per month',
          'What it would cost in a month of 730 hours, if it went on like this',
          ` * ${HOURS_PER_MONTH}`,
        ),
        crossZone(),
      ],
    },
    { height: 10, panels: [bytesByLocality(), whoPays()] },
    { height: 10, panels: [zoneToZone()] },
  ],
})

function price(id: number, title: string, description: string, factor: string) {
  return number({
    id,
    title,
    description: `${description}, in the currency of cost.pricePerGB.`,
    width: 6,
    unit: money,
  })
    .withTarget(now('A', `sum(${inCluster(series.costByLocality)})${factor}`))
    .noValue('No price: set cost.pricePerGB')
}

function crossZone() {
  const between = inCluster(series.transmitByLocality, 'locality="cross_zone"')
  return bars({
    id: 3,
    title: 'Cross-zone, most',
    description: 'The 15 namespaces that send most bytes per second to other zones.',
    width: 12,
    unit: 'Bps',
  })
    .withTarget(slice('A', `topk(15, ${sumBy('k8s_namespace', between)})`, '{{k8s_namespace}}'))
    .overrideByFieldType('number', [
      link('podatlas-peers', 'Whom it talks to', { namespace: line('k8s_namespace') }),
    ])
    .noValue('Nothing leaves its zone')
}

function bytesByLocality() {
  return stackedOverTime({
    id: 4,
    title: 'Bytes by locality',
    description:
      'Bytes per second sent within a zone, to other zones, to the internet, and where a zone is not known.',
    width: 12,
    unit: 'Bps',
  }).withTarget(over('A', sumBy('locality', inCluster(series.transmitByLocality)), '{{locality}}'))
}

function whoPays() {
  return rows({
    id: 5,
    title: 'Who pays',
    description: 'Price per hour by namespace and locality, in the currency of cost.pricePerGB.',
    width: 12,
    unit: money,
  })
    .withTarget(now('A', sumBy('k8s_namespace, locality', inCluster(series.costByLocality))))
    .transformations(
      columns({ k8s_namespace: 'k8s_namespace', locality: 'Locality', Value: 'Per hour' }),
    )
    .overrideByName('k8s_namespace', [
      heading('Namespace'),
      link('podatlas-traffic', 'Traffic of this namespace', { namespace: cell('k8s_namespace') }),
    ])
    .overrideByName('Per hour', barCell('sent'))
    .noValue('No price: set cost.pricePerGB')
}

function zoneToZone() {
  const known = inCluster(series.transmitByZone, 'zone!=""', 'peer_zone!=""')
  return rows({
    id: 6,
    title: 'Zone to zone',
    description: 'Bytes per second sent from the zone of the row to the zone of the column.',
    width: 24,
    unit: 'Bps',
  })
    .withTarget(now('A', sumBy('zone, peer_zone', known)))
    .transformations([
      {
        id: 'groupingToMatrix',
        options: { columnField: 'peer_zone', rowField: 'zone', valueField: 'Value' },
      },
    ])
    .noValue('No node has a zone')
}
