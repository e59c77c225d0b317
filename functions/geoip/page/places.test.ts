import { expect, test } from 'vitest'
import type { Connection } from '../connections/connections.ts'
import { rows } from '../test/rows.ts'
import { dotsOf, measured, sumOf } from './places.ts'
import type { Measure } from './places.ts'

test('connections to one city are one dot with the worst of their verdicts, and no byte is lost', () => {
  const dots = dotsOf(rows, 'both')
  expect(dots.map(dot => [dot.name, dot.connections, measured(dot, 'both'), dot.verdict])).toEqual([
    ['Berlin', 2, 75_150, 'unknown'],
    ['São Paulo', 1, 30_000, 'forbidden'],
    ['Sydney', 1, 18_750, 'unknown'],
    ['Tokyo', 1, 7_500, 'allowed'],
  ])
  const placed = rows.filter(row => row.latitude !== null)
  expect(sumOf(dots, 'sent')).toBe(sumOf(placed, 'sent'))
  const mixed = rows.map(row =>
    row.pod === 'checkout-1' ? { ...row, verdict: 'forbidden' as const } : row,
  )
  expect(dotsOf(mixed, 'both')[0]?.verdict).toBe('forbidden')
})

test('the measure decides the order', () => {
  const [first, ...others] = rows
  if (!first) throw new Error('there are no rows')
  const download = { ...first, sentPerSecond: 1, receivedPerSecond: 26_000 }
  const names = (measure: Measure) => dotsOf([download, ...others], measure).map(dot => dot.name)
  expect(names('received')).toEqual(['Berlin', 'São Paulo', 'Sydney', 'Tokyo'])
  expect(names('sent')).toEqual(['São Paulo', 'Sydney', 'Tokyo', 'Berlin'])
})

test('ranges of one city with other coordinates are one dot where most bytes went', () => {
  const [first] = rows
  if (!first) throw new Error('there are no rows')
  const suburb: Connection = { ...first, latitude: 52.4, longitude: 13.1, bytesSent: 9e9 }
  expect(dotsOf([first, suburb], 'both')).toMatchObject([{ latitude: 52.4, connections: 2 }])
})

test('cities of one name in two countries, and points without a name, stay apart', () => {
  const [first] = rows
  if (!first) throw new Error('there are no rows')
  const elsewhere: Connection = { ...first, country: 'US', region: 'New Hampshire' }
  const unnamed: Connection = { ...first, city: null }
  const other: Connection = { ...unnamed, latitude: 48.1 }
  const dots = dotsOf([first, elsewhere, unnamed, other], 'both')
  expect(dots).toHaveLength(4)
  expect(dots.map(dot => dot.name)).toContain('Germany')
})
