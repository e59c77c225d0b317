import { expect, test } from 'vitest'
import { rows } from '../test/rows.ts'
import { choicesOf, queryOfView, rowsInTable, rowsOnMap, viewFromQuery } from './view.ts'

test('the address of the page brings the whole view back, whatever is in it', () => {
  const query = 'namespace=a%26b&place=DE%2FBerlin&measure=sent&scope=all&sort=address'
  expect(queryOfView(viewFromQuery(query))).toBe(query)
  expect(queryOfView(viewFromQuery(''))).toBe('')
  expect(queryOfView(viewFromQuery('measure=weight&scope=%00&unknown=1'))).toBe('')
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
