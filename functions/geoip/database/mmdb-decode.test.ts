import { Reader } from 'maxmind'
import { expect, test } from 'vitest'
import { mmdbDecoder } from './mmdb-decode.ts'
import { parseMmdb } from './mmdb.ts'
import {
  double,
  float,
  int32,
  pointer,
  rawMmdb,
  uint128,
  uint16,
  uint32,
  uint64,
  Verbatim,
} from '../test/raw-mmdb.ts'
import type { RawValue } from '../test/raw-mmdb.ts'

const everything: RawValue = {
  text: 'São Paulo',
  empty: '',
  medium: 'm'.repeat(284),
  long: 'l'.repeat(65_821),
  longest: 'x'.repeat(70_000),
  bytes: Buffer.from([0, 1, 255]),
  double: double(-23.5505),
  float: float(46.5),
  integers: [uint16(0), uint16(65_535), uint32(4_294_967_295), int32(-2_147_483_648), int32(7)],
  big: [uint64(0n), uint64(2n ** 64n - 1n), uint128(2n ** 128n - 1n)],
  truths: [true, false],
  nothing: [{}, []],
}

test('values of every type and size read as npm maxmind reads them', () => {
  const file = rawMmdb({ recordBits: 24, ipVersion: 4, networks: [['1', everything]] })
  const decoded = mmdbDecoder(parseMmdb(file).data)(0)
  expect(decoded).toEqual(new Reader(file).get('192.0.2.1'))
  expect(decoded).toMatchObject({ text: 'São Paulo', big: [0n, 2n ** 64n - 1n, 2n ** 128n - 1n] })
})

test.each([
  [1, 0, 2_047],
  [2, 2_048, 526_335],
  [3, 526_336, 600_000],
  [4, 0, 600_000],
])('pointers of %i bytes reach their nearest and their farthest target', (size, ...targets) => {
  const filler = Buffer.alloc(600_010)
  for (const target of targets) {
    filler.set([0x42, 0x68, 0x69], target)
    const start = filler.length
    const data = Buffer.concat([filler, pointer(target, size).bytes])
    expect(mmdbDecoder(data)(start)).toBe('hi')
  }
})

const cyclic = [0x20, 0x00]
const bomb = Buffer.concat([
  ...Array.from({ length: 20 }, (_, level) => [
    Buffer.from([0x0a, 4]),
    ...Array.from({ length: 10 }, () => pointer((level + 1) * 32, 2 - 1).bytes),
    Buffer.alloc(10),
  ]).flat(),
  Buffer.from([0x40]),
])

test.each<[string, Uint8Array, RegExp]>([
  ['a pointer to itself', Buffer.from(cyclic), /points to a pointer/],
  ['a list that holds itself', Buffer.from([0x01, 4, ...cyclic]), /nested too deeply/],
  ['pointers that multiply', bomb, /too many values/],
  ['a pointer behind the data', pointer(1_000_000).bytes, /beyond the data/],
  ['text that is cut', Buffer.from([0x45, 0x68, 0x69]), /beyond the data/],
  ['a map that is cut', Buffer.from([0xe5]), /beyond the data/],
  ['a list of millions of nothing', Buffer.from([0x1f, 4, 255, 255, 255]), /beyond the data/],
  ['a map with a number as key', Buffer.from([0xe1, 0xa0, 0x40]), /key that is no text/],
  ['a double of four bytes', Buffer.from([0x64, 0, 0, 0, 0]), /a double at 0 has 4 bytes/],
  ['a float of eight bytes', Buffer.from([0x08, 8, 0, 0, 0, 0, 0, 0, 0, 0]), /a float at 0 has 8/],
  ['a number of 16 bits in three bytes', Buffer.from([0xa3, 0, 0, 0]), /has 3 bytes instead of 2/],
  ['the type that ends a list', Buffer.from([0x00, 6]), /type 13, which there is not/],
  ['a type beyond all', Buffer.from([0x00, 200]), /type 207, which there is not/],
  ['nothing', Buffer.alloc(0), /beyond the data/],
])('%s is damage', (_, bytes, fault) => {
  expect(() => mmdbDecoder(bytes)(0)).toThrow(fault)
})

test('a key of JavaScript itself is a key like any other', () => {
  const file = rawMmdb({
    recordBits: 24,
    ipVersion: 4,
    networks: [['1', new Verbatim(0xe1, 0x49, ...Buffer.from('__proto__'), 0x42, 0x68, 0x69)]],
  })
  expect(Object.entries(mmdbDecoder(parseMmdb(file).data)(0) ?? {})).toEqual([['__proto__', 'hi']])
})
