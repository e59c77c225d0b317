import { expect, test } from 'vitest'
import { rows } from '../test/rows.ts'
import {
  choicesOf,
  queryOfView,
  requestOfView,
  rowsInTable,
  rowsOnMap,
  viewFromQuery,
} from './view.ts'

test('the address of the page brings the whole view back, whatever is in it', () => {
  const query =
    'namespace=a%26b&country=DE&verdict=allowed&place=DE%2FBerlin&measure=sent&scope=all&range=24h&sort=address'
  expect(queryOfView(viewFromQuery(query))).toBe(query)
  expect(queryOfView(viewFromQuery(''))).toBe('')
  expect(
    queryOfView(viewFromQuery('measure=weight&scope=%00&unknown=1&verdict=fine&range=1y')),
  ).toBe('')
})

test('private addresses are left out until all are asked for; folded ones may be anywhere', () => {
  const addresses = rowsOnMap(rows, viewFromQuery('')).map(row => row.address)
  expect(addresses).toContain('other')
  expect(addresses).not.toContain('10.0.0.7')
  expect(rowsOnMap(rows, viewFromQuery('scope=all'))).toHaveLength(rows.length)
})

test('a picked place narrows the table and leaves the map whole', () => {
  const view = viewFromQuery('place=DE/Berlin')
  expect(rowsInTable(rows, view).map(row => row.pod)).toEqual(['checkout-0', 'checkout-1'])
  expect(rowsOnMap(rows, view)).toHaveLength(7)
})

test('choices follow from the filters before, and a choice without rows stays visible', () => {
  expect(choicesOf(rows, viewFromQuery(''), 'namespace')).toEqual(['-', 'billing', 'shop'])
  expect(choicesOf(rows, viewFromQuery('namespace=shop&pod=x'), 'pod')).toEqual([
    'checkout-0',
    'checkout-1',
    'x',
  ])
  expect(choicesOf(rows, viewFromQuery('namespace=-'), 'container')).toEqual(['ssh.service'])
})

test('geoip is asked by its own names for what has none', () => {
  const view = viewFromQuery('namespace=-&pod=a%26b&country=DE&verdict=allowed')
  expect(requestOfView(view, 900, true)).toBe('window=900s&namespace=&pod=a%26b&country=DE')
  expect(requestOfView(view, 900, false)).toBe('window=900s')
})
