import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Reader } from 'maxmind'
import type { CityResponse } from 'maxmind'
import { expect, test } from 'vitest'
import { openDatabases } from './database.ts'
import { openLookup } from './lookup.ts'
import { cities, writeMmdb } from '../test/mmdb.ts'
import { placeOf } from './place.ts'
import { double, rawMmdb, uint16, uint32, uint64, Verbatim } from '../test/raw-mmdb.ts'
import type { RawDatabase } from '../test/raw-mmdb.ts'

const good: RawDatabase = {
  recordBits: 24,
  ipVersion: 4,
  networks: [
    ['0', { country_code: 'NO', city: 'Oslo' }],
    ['11', { country_code: 'PE', city: 'Lima' }],
  ],
}

test.each<[string, Buffer, RegExp]>([
  ['nothing', Buffer.alloc(0), /no MMDB, or its end is missing/],
  ['no database', Buffer.from('a text\n'.repeat(50)), /no MMDB, or its end is missing/],
  ['cut at its end', rawMmdb(good).subarray(0, -200), /no MMDB, or its end is missing/],
  ['cut within the metadata', rawMmdb(good).subarray(0, -20), /beyond the data/],
  ['without its beginning', rawMmdb(good).subarray(60), /nodes, more than there are/],
  ['node count too high', metadata({ node_count: uint32(100_000) }), /100000 nodes, more than/],
  ['no nodes', metadata({ node_count: uint32(0) }), /wrong node_count/],
  ['record size of 20', metadata({ record_size: uint16(20) }), /wrong record_size/],
  ['IP version 5', metadata({ ip_version: uint16(5) }), /wrong ip_version/],
  [
    'version 3 of the format',
    metadata({ binary_format_major_version: uint16(3) }),
    /wrong binary_format/,
  ],
  ['type that is a number', metadata({ database_type: uint16(1) }), /wrong database_type/],
  ['age that is a fraction', metadata({ build_epoch: double(1) }), /wrong build_epoch/],
  ['search tree that points beyond the data', children(() => 1_000_000), /outside of its data/],
  ['search tree that points before the data', children(() => 5), /outside of its data/],
  ['search tree with a loop', children(() => 0), /its search tree has a loop/],
  ['record of a type that is none', record(new Verbatim(0x00, 6)), /a record of it is damaged/],
  ['double of four bytes', record({ latitude: new Verbatim(0x64, 0, 0, 0, 0) }), /damaged/],
  ['record that holds itself', record(new Verbatim(0x01, 4, 0x20, 0)), /damaged/],
  [
    'of another type',
    rawMmdb({
      ...good,
      networks: [['1', { is_anonymous: true }]],
      metadata: { database_type: 'GeoIP2-Anonymous-IP' },
    }),
    /type GeoIP2-Anonymous-IP holds neither places nor networks/,
  ],
])('broken database: %s', async (_, file, fault) => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'geoip-lookup-'))
  const path = join(folder.path, 'broken.mmdb')
  writeFileSync(path, file)
  await expect(openLookup(path)).rejects.toThrow(fault)
})

test('a date beyond all calendars is no reason to refuse a database', async () => {
  const opened = await open(metadata({ build_epoch: uint64(2n ** 64n - 1n) }))
  expect(opened.builtAt.getTime()).toBeNaN()
  expect(opened.find('192.0.2.1').place?.city).toBe('Lima')
})

test('a tree whose branches meet again is left to npm maxmind, and one line says so', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'geoip-lookup-'))
  const path = join(folder.path, 'shared.mmdb')
  const file = rawMmdb({
    ...good,
    networks: [
      ['0', { country_code: 'NO', city: 'Oslo' }],
      ['110', { country_code: 'PE', city: 'Lima' }],
      ['10', { aliasOf: '11' }],
    ],
  })
  writeFileSync(path, file)
  const lines: string[] = []
  const databases = openDatabases([path], { log: line => lines.push(line) })
  expect([await databases.refresh(), await databases.refresh()]).toEqual([[], []])
  expect(lines).toEqual([
    `database ${path}: no index of it (branches of its search tree share nodes); it is read more slowly`,
  ])
  for (const address of ['1.1.1.1', '128.1.1.1', '192.0.2.1', '255.1.1.1']) {
    expect(databases.find(address).place).toEqual(
      placeOf(new Reader<CityResponse>(file).get(address)),
    )
  }
  expect(databases.find('128.1.1.1').place?.city).toBe('Lima')
  // npm maxmind answers an IPv6 address by its first 32 bits.
  expect(databases.find('2001:db8::1')).toEqual({})
})

test('the aliases that MaxMind writes into its databases are followed', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'geoip-lookup-'))
  const path = join(folder.path, 'places.mmdb')
  writeMmdb(path, cities)
  const { find, refusal } = await openLookup(path)
  expect(refusal).toBeUndefined()
  for (const address of [
    '192.0.2.7',
    '::ffff:192.0.2.7',
    '2002:c000:207::1',
    '2001:0:c000:207::1',
  ]) {
    expect(find(address).place?.city).toBe('Berlin')
  }
  expect(find('2002:c000:210::1')).toEqual({})
})

function metadata(changed: NonNullable<RawDatabase['metadata']>): Buffer {
  return rawMmdb({ ...good, metadata: changed })
}

/** The leaves of the tree are what `wrong` makes of them. */
function children(wrong: () => number): Buffer {
  return rawMmdb({ ...good, child: (_, __, child) => (child > 10 ? wrong() : child) })
}

function record(damaged: RawDatabase['networks'][number][1]): Buffer {
  return rawMmdb({ ...good, networks: [['1', damaged]] })
}

async function open(file: Buffer) {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'geoip-lookup-'))
  const path = join(folder.path, 'places.mmdb')
  writeFileSync(path, file)
  return await openLookup(path)
}
