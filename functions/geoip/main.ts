import { runProgram } from '../program/run.ts'
import { readConfig } from './config.ts'
import { startGeoip } from './geoip.ts'
import { loadAssets } from './page-assets.ts'

async function main(): Promise<void> {
  process.exitCode = await runProgram({
    name: 'podatlas-geoip',
    serves: 'the page is',
    readConfig: () => readConfig(process.argv.slice(2), process.env),
    start: async (config, log) => startGeoip(config, await loadAssets(config.pageDir), log),
  })
}

void main()
