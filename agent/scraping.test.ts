import { once } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { scraping } from './scraping.ts'
import { reading } from './sinks/test/examples.ts'
import { until } from './sinks/test/write-receiver.ts'
import { createTelemetry } from './telemetry.ts'

const LINE = `${'x'.repeat(99_999)}\n`

/** A server with a page of so many lines, and how many scrapes failed. */
async function served(lines: number, readWithinMs?: number) {
  const telemetry = createTelemetry('node-1', '1.2.3')
  const page = { path: '/metrics', pieces: () => Array.from({ length: lines }, () => LINE) }
  const { answer } = scraping([page], telemetry, {
    ...(readWithinMs !== undefined && { readWithinMs }),
  })
  const server = createServer((request, response) => {
    void answer('/metrics', request, response)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not listening on TCP')
  return {
    port: address.port,
    failures: (reason: string) => reading(telemetry.scrapeFailures, { reason }),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise(closed => server.close(closed))
    },
  }
}

/** Asks for the page, and reads nothing of it. */
async function slowReader(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined)
  await once(socket, 'connect')
  socket.pause().write('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n')
  return socket
}

test('a scraper that does not read a page within the time limit is cut off in it, and counted as slow', async () => {
  // More than the buffers of sockets hold.
  await using page = await served(1_000, 100)
  const socket = await slowReader(page.port)
  await until(() => page.failures('slow') === 1)
  let bytes = 0
  socket.on('data', chunk => (bytes += chunk.length)).resume()
  await once(socket, 'close')
  expect(bytes).toBeLessThan(1_000 * LINE.length)
})

test('one that reads slowly, but reads, gets the whole page', async () => {
  await using page = await served(200)
  const asked = get({ host: '127.0.0.1', port: page.port, agent: false })
  const [answer]: IncomingMessage[] = await once(asked, 'response')
  let bytes = 0
  if (answer)
    for await (const chunk of answer) {
      bytes += String(chunk).length
      await pause(1)
    }
  expect(bytes).toBe(200 * LINE.length)
  expect(page.failures('slow') + page.failures('gone')).toBe(0)
})
