import { array, assert, constant, nat, oneof, property, uint8Array } from 'fast-check'
import { expect, test } from 'vitest'
import { formatAddress } from '../../agent/drain/address.ts'
import { canonicalAddress } from './canonical.ts'

test.each([
  ['10.0.0.1', '10.0.0.1'],
  ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:0db8::0001', '2001:db8::1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:c000:201', '192.0.2.1'],
  ['::192.0.2.1', '::c000:201'],
  ['0:0:0:0:0:0:0:0', '::'],
])('%s is %s', (text, canonical) => {
  expect(canonicalAddress(text)).toBe(canonical)
})

test.each([
  '',
  'None',
  '10.0.0',
  '010.0.0.1',
  '10.0.0.1 ',
  'fe80::1%eth0',
  '10.0.0.1/24',
  '1::2::3',
])('"%s" is no address', text => {
  expect(canonicalAddress(text)).toBeUndefined()
})

test('every address reads as the agent writes it, or a join would miss it', () => {
  const byte = oneof(constant(0), constant(0xff), nat(255))
  assert(
    property(uint8Array({ minLength: 16, maxLength: 16 }), array(byte), (bytes, some) => {
      bytes.set(some.slice(0, 16))
      const groups = Array.from({ length: 8 }, (_, group) =>
        (((bytes[2 * group] ?? 0) << 8) | (bytes[2 * group + 1] ?? 0)).toString(16),
      )
      expect(canonicalAddress(groups.join(':'))).toBe(formatAddress(new DataView(bytes.buffer), 0))
    }),
  )
})
