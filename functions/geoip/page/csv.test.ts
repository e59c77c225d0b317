import { expect, test } from 'vitest'
import { rows } from '../test/rows.ts'
import { csvOf } from './csv.ts'

const [first] = rows

test('fields are those of the API, null is empty and lines end as RFC 4180 wants', () => {
  const [header, line, end] = csvOf(rows.slice(0, 1)).split('\r\n')
  expect(header?.split(',').toSorted()).toEqual(
    Object.keys(first ?? {})
      .filter(name => name !== 'isPublic')
      .toSorted(),
  )
  expect(line).toBe(
    'shop,checkout-0,app,node-1,client,192.0.2.1,443,unknown,,DE,Germany,,Berlin,52.52,13.405,,,,50000,25000,1000000,1500000',
  )
  expect(end).toBe('')
})

test.each([
  ['=1+1', "'=1+1"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['-2', "'-2"],
  ['+2', "'+2"],
  ['\t=1', "'\t=1"],
  ['a,b', '"a,b"'],
  ['say "hi"', '"say ""hi"""'],
  ['two\nlines', '"two\nlines"'],
  ['=a,"b"', `"'=a,""b"""`],
])('%j can neither run nor break a line', (pod, field) => {
  if (!first) throw new Error('there are no rows')
  const text = csvOf([{ ...first, pod, longitude: -46.63 }])
  expect(text).toContain(`\r\nshop,${field},app,`)
  // Numbers stay numbers.
  expect(text).toContain(',-46.63,')
})
