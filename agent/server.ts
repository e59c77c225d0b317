import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { exposition } from './exposition.ts'
import { scraping, type ScrapePart } from './scraping.ts'
import type { Telemetry } from './telemetry.ts'

export type Vitals = {
  /** The drain loop turns. */
  readonly isAlive: boolean
  /** The kernel was drained once. Says nothing about sinks: their outage is no reason to restart. */
  readonly isReady: boolean
}

export type ServerParts = {
  /** Without a host: every address of this machine, of both families. */
  readonly listen: { readonly host?: string; readonly port: number }
  readonly telemetry: Pick<Telemetry, 'registry' | 'scrapeFailures'>
  /** What sinks show, on pages of their own or on `/metrics`. */
  readonly pages?: readonly ScrapePart[]
  readonly vitals: () => Vitals
}

/** `port` is the real one when port 0, any free one, was asked for. */
export type AgentServer = AsyncDisposable & { readonly port: number }

/**
 * Serves `/metrics`, what sinks show, `/healthz` and `/readyz`. Throws an error of one line when it
 * cannot listen.
 */
export async function startServer({
  listen,
  telemetry,
  pages = [],
  vitals,
}: ServerParts): Promise<AgentServer> {
  const own: ScrapePart = {
    path: '/metrics',
    pieces: format => [exposition(telemetry.registry, format)],
  }
  const scrapes = scraping([own, ...pages], telemetry)
  const server = createServer((request, response) => {
    const [path = ''] = (request.url ?? '').split('?')
    if (path === '/healthz')
      answer(response, vitals().isAlive, 'draining', 'no drain ends any more')
    else if (path === '/readyz') answer(response, vitals().isReady, 'ready', 'no drain yet')
    else if (scrapes.paths.has(path)) void scrapes.answer(path, request, response)
    else send(response, 404, `try ${[...scrapes.paths].join(', ')}, /healthz or /readyz\n`)
  })
  await listening(server, listen)
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : listen.port,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function listening(server: Server, listen: ServerParts['listen']): Promise<void> {
  try {
    const isListening = once(server, 'listening')
    server.listen(listen)
    await isListening
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^listen /, '') : String(error)
    const where = `${listen.host ?? ''}:${listen.port}`
    throw new Error(`listen: cannot listen on ${where}: ${why}. Set listen to a free address`, {
      cause: error,
    })
  }
}

function answer(response: ServerResponse, isGood: boolean, good: string, bad: string): void {
  send(response, isGood ? 200 : 503, `${isGood ? good : bad}\n`)
}

function send(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(text)
}
