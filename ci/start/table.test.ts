import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import type { Row } from './connections.ts'
import { bytes, rowLine, tableLines } from './table.ts'
import { row } from './test/row.ts'

const nowhere = { city: null, country: null, countryName: null, latitude: null, longitude: null }
const wide = { width: 120, height: 20, hasColour: false }

test('a row says who, where, which place and how much', () => {
  const [header, line] = tableLines([row()], wide).map(text => text.split(/ {2,}/).join(' | '))
  expect(header).toBe('WHO | WHERE | PLACE | SENT/s | RECV/s | SENT | RECEIVED')
  expect(line).toBe(
    'web.service | → 198.51.100.20:443 | São Paulo, Brazil | 1.5 kB | 20 B | 45.0 kB | 1.2 MB',
  )
})

test('the fastest row comes first, and quiet rows keep their order', () => {
  const rows = [
    row({ container: 'quiet-b', port: 2, sentPerSecond: 0, receivedPerSecond: 0 }),
    row({ container: 'fast', sentPerSecond: 9e6 }),
    row({ container: 'quiet-a', port: 1, sentPerSecond: 0, receivedPerSecond: 0 }),
    row({ container: 'slow', sentPerSecond: 5 }),
  ]
  expect(whoColumn(rows)).toEqual(['fast', 'slow', 'quiet-a', 'quiet-b'])
  expect(whoColumn(rows.toReversed())).toEqual(whoColumn(rows))
})

test('a pod is named with namespace and container, a process outside any unit as such', () => {
  const pod = row({ namespace: 'shop', pod: 'cart-1', container: 'app' })
  const loose = row({ ...nowhere, container: null, address: '127.0.0.1' })
  expect(rowLine(pod)).toContain('shop/cart-1/app → 198.51.100.20:443')
  expect(rowLine(loose)).toMatch(/^\(no unit\) → 127\.0\.0\.1:443 {2}this machine/)
})

test('an accepted connection is told from an opened one, and IPv6 is in brackets', () => {
  const accepted = row({ ...nowhere, role: 'server', address: '2001:db8::1' })
  expect(rowLine(accepted)).toContain('← [2001:db8::1]:443  no place known')
})

test.each([40, 60, 80, 96, 120, 200])('no line is wider than a terminal of %d columns', width => {
  const long = row({ container: 'a-very-long-unit-name-that-goes-on-and-on.service' })
  const lines = tableLines([long, row()], { ...wide, width })
  for (const line of lines) expect(Array.from(line).length).toBeLessThanOrEqual(width)
  expect(lines[1]).toContain('1.5 kB')
})

test('what does not fit the height is counted, not dropped in silence', () => {
  const rows = Array.from({ length: 10 }, (_, index) => row({ sentPerSecond: index + 1 }))
  const lines = tableLines(rows, { ...wide, height: 5 })
  expect(lines).toHaveLength(5)
  expect(lines.at(-1)).toBe('… and 7 slower ones')
  expect(tableLines(rows, { ...wide, height: 11 })).toHaveLength(11)
})

test('colours only where asked, and they change no character', () => {
  const rows = [row(), row({ sentPerSecond: 0, receivedPerSecond: 0 })]
  const coloured = tableLines(rows, { ...wide, hasColour: true })
  expect(coloured.join('\n')).toContain('\u001b[')
  expect(coloured.map(line => stripVTControlCharacters(line))).toEqual(tableLines(rows, wide))
})

test('a name from outside cannot steer the terminal', () => {
  const line = rowLine(row({ container: 'evil\u001b[2J\u009b', city: 'Bad\nCity\u202e' }))
  expect(line).not.toMatch(/\p{C}/u)
  expect(line).toContain('evil?[2J?')
})

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [999.6, '1.0 kB'],
  [1_000, '1.0 kB'],
  [999_949, '999.9 kB'],
  [999_950, '1.0 MB'],
  [12_345_678, '12.3 MB'],
  [8e15, '8.0 PB'],
  [5e18, '5000.0 PB'],
])('%d bytes read %s', (amount, text) => {
  expect(bytes(amount)).toBe(text)
})

function whoColumn(rows: readonly Row[]): (string | undefined)[] {
  const [, ...lines] = tableLines(rows, wide)
  return lines.map(line => line.split(' ')[0])
}
