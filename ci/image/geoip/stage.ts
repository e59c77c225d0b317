import { join } from 'node:path'
import { buildPage } from '../../../functions/geoip/page/build.ts'
import { bundle } from '../bundle.ts'
import { type Component, npmComponents } from '../component.ts'

const functions = join(import.meta.dirname, '../../../functions')

/** geoip's bundle, the page, and the commands `podatlas policy check` and `podatlas-check`. */
export async function stageGeoip(root: string): Promise<Component[]> {
  const program = join(root, '/app/geoip.mjs')
  return npmComponents([
    // It builds the page where it runs from its sources.
    ...(await bundle(join(functions, 'geoip/main.ts'), program, { without: ['esbuild'] })),
    ...(await bundle(join(functions, 'policy/main.ts'), join(root, '/usr/bin/podatlas'))),
    ...(await bundle(join(functions, 'check/main.ts'), join(root, '/usr/bin/podatlas-check'))),
    ...(await buildPage(join(root, '/app/page'))),
  ])
}
