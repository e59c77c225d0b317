import { serve } from '@hono/node-server'
import { ConfigError, readConfig } from './config.ts'
import type { Config } from './config.ts'
import { startGeoip } from './geoip.ts'
import { loadAssets } from './page-assets.ts'

const log = (line: string) => process.stderr.write(`podatlas-geoip: ${line}\n`)

/** Exit codes: 0 after SIGTERM or SIGINT, 1 cannot start, 2 faults in the configuration. */
async function main(): Promise<void> {
  try {
    process.exitCode = await runFromArguments()
  } catch (error) {
    log(error instanceof Error ? error.message : String(error))
    process.exitCode = 1
  }
}

async function runFromArguments(): Promise<number> {
  let config: ReturnType<typeof readConfig>
  try {
    config = readConfig(process.argv.slice(2), process.env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    log(error.message)
    return 2
  }
  if ('help' in config) {
    process.stdout.write(`${config.help}\n`)
    return 0
  }
  await run(config)
  return 0
}

async function run(config: Config): Promise<void> {
  const assets = await loadAssets(config.pageDir)
  await using geoip = startGeoip(config, assets, log)
  const { host, port } = config.listen
  const { promise: ended, resolve: end, reject: fail } = Promise.withResolvers<void>()
  const server = serve(
    { fetch: geoip.app.fetch, hostname: host, port },
    ({ address, port: real }) => {
      log(`the page is at http://${address.includes(':') ? `[${address}]` : address}:${real}/`)
    },
  )
  server.on('error', error =>
    fail(
      new Error(`cannot listen on ${host}:${port}: ${error.message}. Choose another by --listen`),
    ),
  )
  process.once('SIGTERM', () => end())
  process.once('SIGINT', () => end())
  try {
    await ended
  } finally {
    server.close()
    // Viewers keep their connections open; waiting for them would last for ever.
    if ('closeAllConnections' in server) server.closeAllConnections()
  }
}

void main()
