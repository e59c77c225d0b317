import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { startServer, type Vitals } from './server.ts'
import { createTelemetry } from './telemetry.ts'

const loopback = { host: '127.0.0.1', port: 0 }

const GOOD: Vitals = { isAlive: true, isReady: true }

async function serve(vitals = GOOD) {
  const telemetry = createTelemetry('node-1', 'test')
  return startServer({ listen: loopback, telemetry, vitals: () => vitals })
}

async function ask(port: number, path: string) {
  const request = get({ host: '127.0.0.1', port, path })
  const [response]: IncomingMessage[] = await once(request, 'response')
  return { status: response?.statusCode, text: response ? await text(response) : '' }
}

test('the agent’s own metrics are there to be scraped', async () => {
  await using server = await serve()
  const answer = await ask(server.port, '/metrics?x=1')
  expect(answer.status).toBe(200)
  expect(answer.text).toContain('podatlas_agent_info{version="test",source_host="node-1"} 1')
})

test.each([
  ['starting', { isAlive: true, isReady: false }, 200, 503],
  ['running', { isAlive: true, isReady: true }, 200, 200],
  ['stuck', { isAlive: false, isReady: true }, 503, 200],
])('while it is %s, its probes say so', async (_state, vitals, healthz, readyz) => {
  await using server = await serve(vitals)
  expect((await ask(server.port, '/healthz')).status).toBe(healthz)
  expect((await ask(server.port, '/readyz')).status).toBe(readyz)
})

test('other paths are told where to look', async () => {
  await using server = await serve()
  expect(await ask(server.port, '/')).toEqual({
    status: 404,
    text: 'try /metrics, /healthz or /readyz\n',
  })
})

test('nonsense on the port does no harm', async () => {
  await using server = await serve()
  for (const nonsense of ['GET // HTTP/1.1\r\n\r\n', 'GET http://%zz HTTP/1.1\r\n\r\n', '\0\0\0']) {
    const socket = connect(server.port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write(nonsense)
    await new Promise(resolve => socket.once('data', resolve).once('close', resolve))
    socket.destroy()
  }
  expect((await ask(server.port, '/healthz')).status).toBe(200)
})

test('a port in use is one line that names the setting and the fix', async () => {
  await using server = await serve()
  const telemetry = createTelemetry('node-1', 'test')
  const second = startServer({
    listen: { ...loopback, port: server.port },
    telemetry,
    vitals: () => GOOD,
  })
  await expect(second).rejects.toThrow(
    `listen: cannot listen on 127.0.0.1:${server.port}: EADDRINUSE: address already in use ` +
      `127.0.0.1:${server.port}. Set listen to a free address`,
  )
})
