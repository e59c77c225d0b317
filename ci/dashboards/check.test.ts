import { expect, test } from 'vitest'
import type { Answered, Api } from './api.ts'
import { checkDashboard, tableOf } from './check.ts'
import { dashboards, type Dashboard } from './read.ts'

const answer: Answered = { rows: [{ labels: { pod: 'a', city: 'b' }, values: [1] }], remarks: [] }

function api(answered: (query: string) => Answered = () => answer): Api {
  return {
    instant: query => Promise.resolve(answered(query)),
    range: query => Promise.resolve(answered(query)),
    labelValues: () => Promise.resolve(['one', 'a.b']),
    parse: () => Promise.resolve(),
  }
}

/** A dashboard of ours with one panel in place of its own. */
function withPanel(panel: object): Dashboard {
  const [{ dashboard } = expect.fail('there are no dashboards')] = dashboards
  const [first = expect.fail('it has no panel')] = dashboard.panels
  const plain = { type: 'timeseries', title: 'Tested', transformations: [] }
  const fieldConfig = { defaults: { unit: 'short' }, overrides: [] }
  return { ...dashboard, panels: [{ ...first, ...plain, fieldConfig, ...panel }] }
}

function target(expr: string, more: object = {}) {
  return { refId: 'A', datasource: {}, expr, instant: false, legendFormat: '', ...more }
}

function link(url: string) {
  const properties = [{ id: 'links', value: [{ title: 'x', url }] }]
  return { matcher: { id: 'byType', options: 'number' }, properties }
}

test('a panel with everything that it names is fine, and what was asked is counted', async () => {
  const targets = [target('up{cluster=~"$cluster"}', { legendFormat: '{{pod}} {{city}}' })]
  expect(await checkDashboard(api(), 0, withPanel({ targets }))).toEqual({
    panels: 1,
    queries: 2,
    series: 1,
    empty: [],
    faults: [],
  })
})

test('values of variables are put in as Grafana does', async () => {
  const asked: string[] = []
  const onlyLast = (query: string): Answered => {
    asked.push(query)
    return query.includes('one') ? { rows: [], remarks: [] } : answer
  }
  const targets = [target('up{cluster=~"$cluster"}')]
  expect((await checkDashboard(api(onlyLast), 0, withPanel({ targets }))).faults).toEqual([])
  expect(asked).toEqual([
    'up{cluster=~".*"}',
    'up{cluster=~"one"}',
    String.raw`up{cluster=~"a\\.b"}`,
  ])
})

test.each<[string, object, Answered | undefined, object]>([
  ['no answer', {}, { rows: [], remarks: [] }, { empty: ['Tested'], faults: [] }],
  [
    'no number',
    {},
    { rows: [{ labels: {}, values: [NaN] }], remarks: [] },
    { faults: ['Tested: no finite value'] },
  ],
  [
    'a remark of Prometheus',
    {},
    { ...answer, remarks: ['might not be a counter'] },
    { faults: ['Tested: might not be a counter'] },
  ],
  [
    'a legend of a label that is not there',
    { targets: [target('up', { legendFormat: '{{node}}' })] },
    undefined,
    { faults: ['Tested: nothing has node'] },
  ],
  [
    'a link with a label that is not there',
    {
      fieldConfig: {
        defaults: { unit: 'short' },
        overrides: [link('/d/x?var-y=${__field.labels.y}')],
      },
    },
    undefined,
    { faults: ['Tested: nothing has y'] },
  ],
  [
    'a link with a column that was renamed',
    {
      transformations: [{ id: 'organize', options: { renameByName: { city: 'City' } } }],
      fieldConfig: {
        defaults: { unit: 'short' },
        overrides: [link('/d/x?var-y=${__data.fields.city}')],
      },
    },
    undefined,
    { faults: ['Tested: nothing has city'] },
  ],
  [
    'a column of a query that is alone',
    { transformations: [{ id: 'organize', options: { indexByName: { 'Value #A': 0 } } }] },
    undefined,
    { faults: ['Tested: nothing has Value #A'] },
  ],
  [
    'a map without coordinates',
    {
      type: 'geomap',
      options: { layers: [{ location: { latitude: 'latitude', longitude: 'city' } }] },
    },
    undefined,
    { faults: ['Tested: nothing has latitude'] },
  ],
])('%s is told', async (_, panel, answered, expected) => {
  const dashboard = withPanel({ targets: [target('up')], ...panel })
  expect(await checkDashboard(api(answered && (() => answered)), 0, dashboard)).toMatchObject(
    expected,
  )
})

test('a panel that may be empty must be asked for all the same', async () => {
  const nothing = { ...api(), range: () => Promise.resolve({ rows: [], remarks: ['bad'] }) }
  const dashboard = withPanel({ targets: [target('up{cluster=~"$cluster"}')] })
  const checked = await checkDashboard(nothing, 0, dashboard, { Tested: 'all is well' })
  expect(checked).toMatchObject({ queries: 1, empty: [], faults: ['Tested: bad'] })
})

test('an error of Prometheus is one of the check', async () => {
  const refusing = { ...api(), range: () => Promise.reject(new Error('query: 422 execution')) }
  const checked = checkDashboard(refusing, 0, withPanel({ targets: [target('up')] }))
  await expect(checked).rejects.toThrow('422')
})

test('the table adds up', () => {
  const one = { panels: 1, queries: 20, series: 300, empty: [], faults: [] }
  const [head, first, last] = tableOf([['podatlas-x', one]]).split('\n')
  expect(head).toBe('dashboard              panels checked      queries run  series returned')
  expect(first?.split(/\s+/)).toEqual(['podatlas-x', '1', '20', '300'])
  expect(last?.split(/\s+/)).toEqual(['all', '1', '20', '300'])
})
