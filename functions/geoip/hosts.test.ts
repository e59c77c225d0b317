import { once } from 'node:events'
import { gunzipSync } from 'node:zlib'
import { createContext, runInContext } from 'node:vm'
import { join } from 'node:path'
import { serve } from '@hono/node-server'
import { build } from 'esbuild'
import { afterAll, describe, expect, test } from 'vitest'
import app from './test/worker.ts'

type Ask = (path: string, init?: RequestInit) => Promise<Response>

const stack = new AsyncDisposableStack()
afterAll(() => stack.disposeAsync())

describe.each<[string, () => Promise<Ask>]>([
  ['Node', nodeHost],
  ['a worker that has nothing but what browsers have', workerHost],
])('in %s', (_, start) => {
  test('one address, many, and more than that', async () => {
    const ask = await start()
    expect(await (await ask('/locations/192.0.2.1')).json()).toMatchObject({ city: 'Berlin' })
    expect((await ask('/locations/10.0.0.1')).status).toBe(404)
    const post = (addresses: readonly string[]) =>
      ask('/locations', { method: 'POST', body: JSON.stringify({ addresses }) })
    expect(await (await post(['192.0.2.1', 'x', 'fe80::1'])).json()).toEqual({
      attribution: '',
      locations: [
        { address: '192.0.2.1', country: 'DE', city: 'Berlin' },
        { address: 'x', error: 'address: x is no IP address' },
        { address: 'fe80::1', error: 'address: fe80::1 is link-local, which has no place' },
      ],
    })
    const tooMany = await post(Array.from({ length: 1_001 }, () => '192.0.2.1'))
    expect([tooMany.status, await tooMany.json()]).toEqual([
      413,
      { error: 'addresses: use 1000 or less' },
    ])
    const tooLong = await post(['x'.repeat(200_000)])
    expect([tooLong.status, await tooLong.json()]).toEqual([
      413,
      { error: 'body: use 131072 bytes or less' },
    ])
    expect((await ask('/locations', { method: 'POST', body: '{' })).status).toBe(400)
  })

  test('metrics, the page’s data and the document', async () => {
    const ask = await start()
    expect(await (await ask('/metrics')).text()).toBe('# HELP up 1\ngeo_ip{ip="192.0.2.1"} 1\n')
    expect(await (await ask('/api/connections')).json()).toMatchObject({ rows: [] })
    expect(await (await ask('/api/history?window=1h')).json()).toHaveProperty('error')
    expect(await (await ask('/openapi.json')).json()).toHaveProperty('openapi', '3.1.1')
    expect((await ask('/nowhere')).status).toBe(404)
  })

  test('long answers are packed for those who ask', async () => {
    const ask = await start()
    const plain = await (await ask('/openapi.json')).text()
    const packed = await ask('/openapi.json', { headers: { 'accept-encoding': 'gzip' } })
    expect(packed.headers.get('content-encoding')).toBe('gzip')
    const bytes = Buffer.from(await packed.arrayBuffer())
    // fetch unpacks what came over a connection; a worker's host does that for its client.
    expect((bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString()).toBe(plain)
  })
})

async function nodeHost(): Promise<Ask> {
  const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  stack.defer(async () => {
    server.close()
    if ('closeAllConnections' in server) server.closeAllConnections()
    await once(server, 'close')
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return (path, init) => fetch(`http://127.0.0.1:${address.port}${path}`, init)
}

/** A bundle for browsers fails where it needs Node, and its context has no `process`, `Buffer` or `require`. */
async function workerHost(): Promise<Ask> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'test/worker.ts')],
    bundle: true,
    platform: 'browser',
    format: 'iife',
    globalName: 'worker',
    write: false,
    logLevel: 'silent',
  })
  const web = { AbortController, CompressionStream, Headers, ReadableStream, Request, Response }
  const more = { TextDecoder, TextEncoder, TransformStream, URL, URLSearchParams, console }
  const context = createContext({ ...web, ...more })
  runInContext(outputFiles[0]?.text ?? '', context)
  const host: unknown = runInContext('worker.default', context)
  if (!isHost(host)) throw new Error('the bundle exports no app')
  return async (path, init) => host.fetch(new Request(`https://geoip.example${path}`, init))
}

function isHost(value: unknown): value is { fetch: (request: Request) => Promise<Response> } {
  return typeof value === 'object' && value !== null && 'fetch' in value
}
