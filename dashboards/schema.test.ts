import { beforeAll, describe, expect, test } from 'vitest'
import { grafanaSchema } from '../ci/dashboards/grafana-schema.ts'
import { dashboards } from '../ci/dashboards/read.ts'

// A running Grafana would be the better judge, but it cannot be built or fetched where these tests run.
let faultsOf: ReturnType<typeof grafanaSchema>
beforeAll(() => {
  faultsOf = grafanaSchema()
})

test.each(dashboards)('$name has nothing that Grafana would not understand', ({ json }) => {
  expect(faultsOf(JSON.parse(json))).toEqual([])
})

const json = dashboards.find(({ name }) => name === 'podatlas-world')?.json ?? ''

describe('what would be ignored or break is found:', () => {
  test.each<[string, (dashboard: Loose) => unknown, RegExp]>([
    [
      'a misspelt key of a panel',
      ({ panels: [panel] }) => (panel!.titel = 'x'),
      /panels\/0.*titel/,
    ],
    [
      'a misspelt key of a field',
      ({ panels: [panel] }) => (panel!.fieldConfig.defaults.unti = 'Bps'),
      /panels\/0\/fieldConfig\/defaults.*unti/,
    ],
    [
      'a misspelt option',
      ({ panels: [panel] }) => (panel!.options.basemaps = {}),
      /panels\/0\/options.*basemaps/,
    ],
    [
      'a misspelt key of a query',
      ({ panels: [panel] }) => (panel!.targets[0]!.legend = 'x'),
      /panels\/0\/targets\/0.*legend/,
    ],
    [
      'a place in the grid as text',
      ({ panels: [panel] }) => (panel!.gridPos.w = '12'),
      /gridPos\/w.*number/,
    ],
    [
      'an unknown mode of thresholds',
      ({ panels }) => (panels[1]!.fieldConfig.defaults.thresholds = { mode: 'fixed', steps: [] }),
      /thresholds\/mode/,
    ],
    [
      'inputs of the import dialog',
      dashboard => Object.assign(dashboard, { ['__inputs']: [] }),
      /__inputs/,
    ],
    [
      'an unknown type of variable',
      ({ templating: { list } }) => (list[1]!.type = 'queries'),
      /templating\/list\/1\/type/,
    ],
    ['a refresh in seconds', dashboard => (dashboard.refresh = 60), /refresh.*string/],
    [
      'a data source by its name',
      ({ panels: [panel] }) => (panel!.datasource = 'Prometheus'),
      /panels\/0\/datasource/,
    ],
    [
      'no data source',
      ({ panels: [panel] }) => (panel!.targets[0]!.datasource = null),
      /targets\/0\/datasource/,
    ],
    [
      'a panel that is none',
      ({ panels: [panel] }) => (panel!.type = 'worldmap'),
      /panels\/0: no such type/,
    ],
    [
      'an unknown kind of line',
      ({ panels }) => (panels[2]!.fieldConfig.defaults.custom = { lineStyle: { fill: 'wavy' } }),
      /panels\/2\/fieldConfig\/defaults\/custom/,
    ],
  ])('%s', (_, break_, fault) => {
    const dashboard: Loose = JSON.parse(json)
    break_(dashboard)
    expect(faultsOf(dashboard).join('\n')).toMatch(fault)
  })
})

type Keyed = Record<string, unknown>
type Loose = Keyed & {
  panels: (Keyed & {
    fieldConfig: { defaults: Keyed }
    options: Keyed
    targets: Keyed[]
    gridPos: Keyed
  })[]
  templating: { list: Keyed[] }
}
