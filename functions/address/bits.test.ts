import { isIPv4, isIPv6 } from 'node:net'
import { array, assert, constantFrom, ipV4, ipV6, oneof, property, string } from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalAddress } from './canonical.ts'
import { v4Bits, v6Words } from './bits.ts'

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

function groupsOf(words: Uint32Array): string {
  return [...words]
    .flatMap(word => [word >>> 16, word & 0xffff].map(half => half.toString(16)))
    .join(':')
}

function dotted(bits: number): string {
  return [24, 16, 8, 0].map(shift => (bits >>> shift) & 255).join('.')
}
