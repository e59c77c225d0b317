import { expect, test } from 'vitest'
import type { Connection } from '../connections.ts'
import { rows } from '../test/rows.ts'
import { dotsOf } from './places.ts'

test('connections to one city are one dot, and no byte is lost', () => {
  const dots = dotsOf(rows, 'both')
  expect(dots.map(dot => [dot.name, dot.connections, dot.bytesSent + dot.bytesReceived])).toEqual([
    ['Berlin', 2, 3_000_000],
    ['São Paulo', 1, 1_200_000],
    ['Sydney', 1, 750_000],
    ['Tokyo', 1, 300_000],
  ])
  const placed = rows.filter(row => row.latitude !== null)
  expect(sum(dots.map(dot => dot.bytesSent))).toBe(sum(placed.map(row => row.bytesSent)))
})

test('the measure decides the order', () => {
  expect(dotsOf(rows, 'received').map(dot => dot.name)).toEqual([
    'Berlin',
    'São Paulo',
    'Sydney',
    'Tokyo',
  ])
  expect(dotsOf(rows, 'sent')[1]?.name).toBe('São Paulo')
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

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
