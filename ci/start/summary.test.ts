import { expect, test } from 'vitest'
import { reach, select } from './summary.ts'
import { row } from './test/row.ts'

const quiet = { generatedAt: null, problem: null, truncated: 0 }

test('loopback and the far ends of the demo are left out, and the note counts them', () => {
  const rows = [
    row({ container: 'web.service' }),
    row({ container: null }),
    row({ container: 'internet.service' }),
    row({ address: '127.0.0.53' }),
    row({ address: '::1' }),
  ]
  const { rows: shown, notes } = select({ ...quiet, rows }, 'internet.service')
  expect(shown.map(({ container }) => container)).toEqual(['web.service', null])
  expect(notes).toEqual([
    'not shown: 2 on loopback, 1 of internet.service, the far ends of the demo',
  ])
})

test('without the demo a unit of that name, and one without a name, are shown', () => {
  const rows = [row({ container: 'internet.service' }), row({ container: null })]
  expect(select({ ...quiet, rows }, undefined)).toEqual({ rows, notes: [] })
})

test('a problem and rows that geoip left out are told', () => {
  const { notes } = select(
    { ...quiet, problem: 'Prometheus is down', truncated: 7, rows: [] },
    undefined,
  )
  expect(notes).toEqual(['problem: Prometheus is down', 'not shown: 7 with the fewest bytes'])
})

test('places are spots on the map, countries are counted once, unknown ones not at all', () => {
  const rows = [
    row({ latitude: 1, longitude: 2, country: 'FR' }),
    row({ latitude: 1, longitude: 2, country: 'FR' }),
    row({ latitude: 1, longitude: 3, country: 'FR' }),
    row({ latitude: 4, longitude: 4, country: null }),
    row({ latitude: null, longitude: null, country: null }),
  ]
  expect(reach(rows)).toEqual({ places: 3, countries: 1 })
})
