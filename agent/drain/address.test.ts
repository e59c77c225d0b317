import { isIP } from 'node:net'
import { expect, test } from 'vitest'
import { formatAddress } from './address.ts'

function format(bytes: readonly number[]): string {
  return formatAddress(new DataView(Uint8Array.from([0xee, ...bytes, 0xee]).buffer), 1)
}

/** The URL parser's idea of the canonical text: it follows RFC 5952 and is not ours. */
function witness(bytes: readonly number[]): string {
  const groups = Array.from({ length: 8 }, (_, index) =>
    Buffer.from(bytes)
      .readUInt16BE(index * 2)
      .toString(16)
      .padStart(4, '0'),
  )
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1)
}

test('a v4-mapped address reads as the IPv4 address', () => {
  const mapped = [...Array<number>(10).fill(0), 0xff, 0xff]
  expect(format([...mapped, 192, 0, 2, 1])).toBe('192.0.2.1')
  expect(format([...mapped, 0, 0, 0, 0])).toBe('0.0.0.0')
  expect(format([...mapped, 255, 255, 255, 255])).toBe('255.255.255.255')
})

test.each([
  ['2001:db8::1', [0x20, 0x01, 0x0d, 0xb8, ...Array<number>(11).fill(0), 1]],
  ['::1', [...Array<number>(15).fill(0), 1]],
  ['::', Array<number>(16).fill(0)],
  ['2001:db8:0:1:1:1:1:1', [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1]],
  ['2001:0:0:1::1', [0x20, 0x01, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1]],
  ['2001:db8::1:0:0:1', [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1]],
])('RFC 5952: %s', (text, bytes) => {
  expect(format(bytes)).toBe(text)
})

test('every pattern of zero groups reads as the URL parser writes it', () => {
  for (let pattern = 0; pattern < 256; pattern++) {
    const bytes = Array.from({ length: 16 }, (_, index) =>
      pattern & (1 << (index >> 1)) ? ([0x0a, 0xbc][index & 1] ?? 0) : 0,
    )
    expect(format(bytes)).toBe(witness(bytes))
    expect(isIP(format(bytes))).toBe(6)
  }
})
