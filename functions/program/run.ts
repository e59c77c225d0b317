import { serve } from '@hono/node-server'
import type { Hono } from 'hono'
import { ConfigError } from './settings.ts'
import { messageOf } from './message-of.ts'

export type Program<Config extends { readonly listen: Listen }> = {
  readonly name: string
  /** What stands at the address it listens on, for the log. */
  readonly serves: string
  readonly readConfig: () => Config | { help: string }
  readonly start: (config: Config, log: (line: string) => void) => Promise<Running> | Running
}

type Listen = { readonly host: string; readonly port: number }

type Running = AsyncDisposable & { readonly app: Hono }

/** Runs until SIGTERM or SIGINT. Gives the exit code: 0 after those, 1 cannot start, 2 bad configuration. */
export async function runProgram<Config extends { readonly listen: Listen }>(
  program: Program<Config>,
): Promise<number> {
  const log = (line: string) => process.stderr.write(`${program.name}: ${line}\n`)
  try {
    const config = program.readConfig()
    if ('help' in config) {
      process.stdout.write(`${config.help}\n`)
      return 0
    }
    await using running = await program.start(config, log)
    await serveUntilSignal(running.app, config.listen, where => {
      log(`${program.serves} at http://${where}/`)
    })
    return 0
  } catch (error) {
    log(messageOf(error))
    return error instanceof ConfigError ? 2 : 1
  }
}

async function serveUntilSignal(
  app: Hono,
  { host, port }: Listen,
  onListening: (where: string) => void,
): Promise<void> {
  const { promise: ended, resolve: end, reject: fail } = Promise.withResolvers<void>()
  const server = serve({ fetch: app.fetch, hostname: host, port }, ({ address, port: real }) => {
    onListening(`${address.includes(':') ? `[${address}]` : address}:${real}`)
  })
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
