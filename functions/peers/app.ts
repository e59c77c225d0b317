import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { Registry } from 'prom-client'
import { canonicalAddress } from '../address/canonical.ts'
import { health } from '../program/health.ts'
import { takesGzip } from '../program/takes-gzip.ts'
import { parseBatch } from './batch.ts'
import { bodyOf } from './body.ts'
import type { LookUp } from './lookup.ts'

export type Parts = {
  readonly registry: Registry
  /** The info series as text, in pieces. */
  readonly infoSeries: () => Iterable<string>
  readonly lookUp: LookUp
  /** What is wrong right now; the process lives on with it. */
  readonly problems: () => readonly string[]
  /** Why no request can be answered usefully yet; undefined once it can. */
  readonly notReady: () => string | undefined
  /** Why the process should be started anew; undefined while it is well. */
  readonly stuck: () => string | undefined
}

const mostBodyBytes = 1024 * 1024

/** The routes of peers; pure, so that tests and serverless hosts call `request` or `fetch` on it. */
export function peersApp(parts: Parts): Hono {
  const { registry, lookUp, problems, notReady } = parts
  const app = new Hono()
  app.get('/metrics', async c => {
    const own = await registry.metrics()
    const isPacked = takesGzip(c)
    return c.body(bodyOf(texts(own, parts.infoSeries()), isPacked), 200, {
      'content-type': registry.contentType,
      vary: 'accept-encoding',
      ...(isPacked && { 'content-encoding': 'gzip' }),
    })
  })
  app.get('/healthz', c => health(c, parts.stuck()))
  app.get('/readyz', c => health(c, notReady(), problems()))

  app.use('/peers/*', async (c, next) => {
    const reason = notReady()
    return reason === undefined ? next() : c.json({ error: reason }, 503)
  })
  app.get('/peers/:address', c => {
    const address = canonicalAddress(c.req.param('address'))
    if (address !== undefined) return c.json(lookUp.peerWithEndpoints(address))
    return c.json({ error: `address: ${c.req.param('address')} is no IP address` }, 400)
  })
  app.post(
    '/peers',
    bodyLimit({
      maxSize: mostBodyBytes,
      onError: c => c.json({ error: `body: use ${mostBodyBytes} bytes or less` }, 413),
    }),
    async c => {
      const batch = parseBatch(await c.req.text())
      if ('error' in batch) return c.json(batch, 400)
      return c.json({ peers: batch.addresses.map(lookUp.peer) })
    },
  )

  app.notFound(c => c.json({ error: `no such page: ${c.req.path}` }, 404))
  return app
}

function* texts(first: string, others: Iterable<string>): Generator<string> {
  yield first
  yield* others
}
