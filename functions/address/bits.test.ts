import { isIPv4, isIPv6 } from 'node:net'
import { array, assert, constantFrom, ipV4, ipV6, oneof, property, string } from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalAddress } from './canonical.ts'
import { v4Bits, v6FirstHalf, v6Words } from './bits.ts'

const piece = oneof(
  constantFrom(':', '::', '.', '0', '1', 'ffff', '255', '256', '10', 'g', '%', ' '),
  string(),
)
const almost = array(piece, { maxLength: 17 }).map(pieces => pieces.join(''))

test('the same texts are addresses as for Node, and none has another meaning', () => {
  assert(
    property(oneof(ipV4(), ipV6(), almost), text => {
      const words = new Uint32Array(4)
      const isV6 = v6Words(text, words)
      // A zone is known to one host only, so that no database has it.
      expect(isV6).toBe(isIPv6(text) && !text.includes('%'))
      if (isV6) expect(canonicalAddress(groupsOf(words))).toBe(canonicalAddress(text))
      const bits = v4Bits(text)
      expect(bits >= 0).toBe(isIPv4(text))
      if (bits >= 0) expect(dotted(bits)).toBe(text)
    }),
    { numRuns: 5_000 },
  )
})

test('the first half of an address is that of the whole, or is not told', () => {
  const [whole, half] = [new Uint32Array(4), new Uint32Array(2)]
  assert(
    property(ipV6(), text => {
      v6Words(text, whole)
      const isTold = v6FirstHalf(text, half)
      expect(isTold).toBe(/^(?:[0-9a-f]+:){4}/i.test(text))
      if (isTold) expect([...half]).toEqual([...whole.subarray(0, 2)])
    }),
    { numRuns: 2_000 },
  )
  expect(
    ['2001:db8:1:2::', '2001:db8:1::2', '192.0.2.1'].map(text => v6FirstHalf(text, half)),
  ).toEqual([true, false, false])
})

function groupsOf(words: Uint32Array): string {
  return [...words]
    .flatMap(word => [word >>> 16, word & 0xffff].map(half => half.toString(16)))
    .join(':')
}

function dotted(bits: number): string {
  return [24, 16, 8, 0].map(shift => (bits >>> shift) & 255).join('.')
}
