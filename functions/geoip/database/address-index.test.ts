import { array, assert, constantFrom, property, tuple, uint8Array } from 'fast-check'
import { Reader } from 'maxmind'
import type { CityResponse } from 'maxmind'
import { expect, test } from 'vitest'
import { addressIndex } from './address-index.ts'
import { parseMmdb } from './mmdb.ts'
import { placeOf } from './place.ts'
import { bitsOf, double, rawMmdb, uint16, uint32, Verbatim } from '../test/raw-mmdb.ts'
import type { RawDatabase } from '../test/raw-mmdb.ts'

const sizes = [24, 28, 32] as const
const v4InV6 = '0'.repeat(96)
const place = (city: string) => ({ country_code: 'KE', city })

test('any tree answers any address as npm maxmind does', () => {
  // Few different bytes, or no address would hit a network.
  const bytes = array(constantFrom(0, 1, 0x20, 0x80, 0xff), { minLength: 16, maxLength: 16 })
  const network = tuple(bytes, constantFrom(1, 7, 8, 20, 31, 32, 33, 63, 64, 65, 96, 97, 120, 128))
  const tree = array(network, { minLength: 1, maxLength: 12 })
  assert(
    property(
      tree,
      array(bytes),
      constantFrom(...sizes),
      constantFrom(4, 6),
      (all, asked, recordBits, ipVersion) => {
        const networks = all.map(([prefix, length], at) => {
          const bits = bitsOf(prefix, ipVersion === 4 ? Math.min(length, 32) : length)
          return [bits, place(`city ${at}`)] as const
        })
        const file = rawMmdb({ recordBits, ipVersion, networks })
        const [index, reader] = [addressIndex(parseMmdb(file)), new Reader<CityResponse>(file)]
        for (const address of [...all.map(([prefix]) => prefix), ...asked]) {
          const v4 = address.slice(0, 4).join('.')
          expect(index.place(index.recordOf(v4))).toEqual(placeOf(reader.get(v4)))
          if (ipVersion === 4) continue
          const v6 =
            bitsOf(address, 128)
              .match(/.{16}/g)
              ?.map(bits => Number.parseInt(bits, 2).toString(16))
              .join(':') ?? ''
          expect(index.place(index.recordOf(v6))).toEqual(placeOf(reader.get(v6)))
        }
      },
    ),
    { numRuns: 300 },
  )
})

test.each(sizes)(
  'records of %i bits: a network has its first and last address, and no more',
  recordBits => {
    const networks = [[bitsOf([192, 0, 2, 16], 28), place('Oslo')]] as const
    const index = addressIndex(parseMmdb(rawMmdb({ recordBits, ipVersion: 4, networks })))
    const cities = [15, 16, 31, 32].map(
      last => index.place(index.recordOf(`192.0.2.${last}`))?.city,
    )
    expect(cities).toEqual([undefined, 'Oslo', 'Oslo', undefined])
  },
)

test.each([
  ['mapped', '::ffff:192.0.2.7', `${'0'.repeat(80)}${'1'.repeat(16)}`],
  ['6to4', '2002:c000:207::1', bitsOf([0x20, 2], 16)],
  ['Teredo', '2001:0:c000:207::1', bitsOf([0x20, 1, 0, 0], 32)],
  ['at an odd bit', '3f80:4:e00::1', '0011111'],
])('IPv4 by its alias: %s, where the database says so and only there', (_, address, aliasBits) => {
  const networks: RawDatabase['networks'] = [[v4InV6 + bitsOf([192, 0, 2, 0], 24), place('Oslo')]]
  const cityIn = (database: RawDatabase) => {
    const file = rawMmdb(database)
    const index = addressIndex(parseMmdb(file))
    const answer = index.place(index.recordOf(address))
    expect(answer).toEqual(placeOf(new Reader<CityResponse>(file).get(address)))
    expect(index.place(index.recordOf('192.0.2.7'))?.city).toBe('Oslo')
    return answer?.city
  }
  const aliased = [...networks, [aliasBits, { aliasOf: v4InV6 }] as const]
  expect(cityIn({ recordBits: 28, ipVersion: 6, networks })).toBeUndefined()
  expect(cityIn({ recordBits: 28, ipVersion: 6, networks: aliased })).toBe('Oslo')
})

test('a database of IPv4 knows no IPv6 address, not even one that begins or ends with the same bits', () => {
  const networks = [[bitsOf([32], 4), place('Oslo')]] as const
  const index = addressIndex(parseMmdb(rawMmdb({ recordBits: 24, ipVersion: 4, networks })))
  expect(index.place(index.recordOf('32.1.13.184'))?.city).toBe('Oslo')
  for (const address of ['2001:db8::1', '::ffff:32.1.13.184', '::32.1.13.184']) {
    expect(index.recordOf(address)).toBe(0)
  }
})

test('text that is no address has no record', () => {
  const networks = [
    ['0', place('Oslo')],
    ['1', place('Lima')],
  ] as const
  const index = addressIndex(parseMmdb(rawMmdb({ recordBits: 24, ipVersion: 6, networks })))
  for (const text of ['', 'other', '192.0.2', '192.0.2.1/24', '1.2.3.256', 'fe80::1%eth0']) {
    expect(index.recordOf(text)).toBe(0)
  }
})

test('names are in the chosen language, else in English; the network and accuracy are read', () => {
  const record = {
    city: { names: { en: 'Munich', de: 'München' } },
    country: { iso_code: 'DE', names: { en: 'Germany', de: 'Deutschland' } },
    subdivisions: [{ names: { en: 'Bavaria' } }],
    postal: { code: '80331' },
    location: {
      latitude: double(48.13743),
      longitude: double(11.57549),
      accuracy_radius: uint16(20),
    },
    traits: {
      autonomous_system_number: uint32(4_200_000_001),
      autonomous_system_organization: 'Example',
    },
  }
  const file = rawMmdb({ recordBits: 24, ipVersion: 4, networks: [['1', record]] })
  const index = addressIndex(parseMmdb(file), 'de')
  const number = index.recordOf('192.0.2.1')
  expect(index.place(number)).toEqual({
    country: 'DE',
    countryName: 'Deutschland',
    city: 'München',
    region: 'Bavaria',
    postcode: '80331',
    latitude: 48.1374,
    longitude: 11.5755,
    accuracyKm: 20,
  })
  expect([index.latitude(number), index.longitude(number)]).toEqual([48.1374, 11.5755])
  expect(index.network(number)).toEqual({
    asNumber: 4_200_000_001,
    asOrganization: 'Example',
  })
  expect(index.place(index.recordOf('1.1.1.1'))).toBeUndefined()
})

test('a flat record whose country has no name gets the name of its language', () => {
  const file = rawMmdb({ recordBits: 24, ipVersion: 4, networks: [['1', { country_code: 'JP' }]] })
  const index = addressIndex(parseMmdb(file), 'fr')
  expect(index.place(index.recordOf('192.0.2.1'))).toEqual({ country: 'JP', countryName: 'Japon' })
})

test('a record of an ASN database places nothing but names the network', () => {
  const record = {
    autonomous_system_number: uint32(64_496),
    autonomous_system_organization: 'Example',
  }
  const file = rawMmdb({ recordBits: 24, ipVersion: 4, networks: [['1', record]] })
  const index = addressIndex(parseMmdb(file))
  const number = index.recordOf('192.0.2.1')
  expect(index.place(number)).toBeUndefined()
  expect(index.network(number)).toEqual({ asNumber: 64_496, asOrganization: 'Example' })
})

test('a damaged record has no place, and the others keep theirs', () => {
  const networks = [
    ['0', place('Oslo')],
    ['1', new Verbatim(0xe1, 0x41)],
  ] as const
  const index = addressIndex(parseMmdb(rawMmdb({ recordBits: 24, ipVersion: 4, networks })))
  const [good, damaged] = ['1.1.1.1', '192.0.2.1'].map(index.recordOf)
  expect([good, damaged].map(record => index.isDamaged(record ?? 0))).toEqual([false, true])
  expect(index.place(good ?? 0)?.city).toBe('Oslo')
  expect(index.place(damaged ?? 0)).toBeUndefined()
})

test('garbled bytes are refused or read, but never looped over or crashed on', () => {
  const networks = [
    [bitsOf([192, 0, 2, 16], 28), place('Oslo')],
    ['0', place('Lima')],
  ] as const
  const good = rawMmdb({ recordBits: 28, ipVersion: 4, networks })
  assert(
    property(uint8Array({ minLength: 3, maxLength: 30 }), noise => {
      const file = Buffer.from(good)
      for (let at = 0; at + 2 < noise.length; at += 3) {
        file[((noise[at] ?? 0) * 256 + (noise[at + 1] ?? 0)) % file.length] = noise[at + 2] ?? 0
      }
      try {
        const index = addressIndex(parseMmdb(file))
        for (const first of [0, 1, 127, 128, 192, 255])
          index.place(index.recordOf(`${first}.0.2.16`))
      } catch (error) {
        expect(['BrokenDatabase', 'UnsuitableDatabase']).toContain(
          error instanceof Error && error.constructor.name,
        )
      }
    }),
    { numRuns: 1_000 },
  )
})
