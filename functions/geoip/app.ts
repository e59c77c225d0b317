import { Hono } from 'hono'
import type { Context } from 'hono'
import { compress } from 'hono/compress'
import type { Registry } from 'prom-client'
import { health } from '../program/health.ts'
import { takesGzip } from '../program/takes-gzip.ts'
import type { Snapshot } from './connections-cache.ts'
import type { Lookup } from './locate.ts'
import type { Assets } from './page-assets.ts'

export type Parts = {
  readonly registry: Registry
  readonly locate: (address: string) => Lookup
  readonly connections: (windowSeconds: number) => Promise<Snapshot>
  readonly assets: Assets
  readonly attribution: () => string
  /** What is wrong right now; the process lives on with it. */
  readonly problems: () => readonly string[]
  /** Why no request can be answered usefully yet; undefined once it can. */
  readonly notReady: () => string | undefined
  /** Why the process should be started anew; undefined while it is well. */
  readonly stuck: () => string | undefined
}

const securityHeaders = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
    "require-trusted-types-for 'script'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
}

/** The routes of geoip; pure, so that tests and serverless hosts call `request` or `fetch` on it. */
export function geoipApp(parts: Parts): Hono {
  const { registry, locate, connections, assets, attribution, problems } = parts
  const app = new Hono()
  app.use('/api/*', compress())
  app.use('/metrics', compress())

  app.get('/metrics', async c =>
    c.body(await registry.metrics(), 200, { 'content-type': registry.contentType }),
  )
  app.get('/healthz', c => health(c, parts.stuck()))
  app.get('/readyz', c => health(c, parts.notReady(), problems()))

  app.get('/locations/:address', c => {
    const address = c.req.param('address')
    const { result, place, network } = locate(address)
    if (result === 'invalid' || result === 'folded') {
      return c.json({ error: `address: ${address} is no IP address` }, 400)
    }
    if (place || network) return c.json({ address, ...place, ...network })
    if (result === 'unknown') {
      return c.json({ error: `address: ${address} is not in the database` }, 404)
    }
    return c.json({ error: `address: ${address} is ${result}, which has no place` }, 404)
  })

  app.get('/api/connections', async c => {
    const window = c.req.query('window') ?? '60s'
    const windowSeconds = Number(/^(\d{1,5})s$/.exec(window)?.[1])
    if (!(windowSeconds >= 10 && windowSeconds <= 86_400)) {
      return c.json({ error: `window: ${window} is no time from 10s to 86400s` }, 400)
    }
    const { rows, truncated, readAtMs, problem } = await connections(windowSeconds)
    const allProblems = new Set([...(problem ? [problem] : []), ...problems()])
    return c.json(
      {
        generatedAt: readAtMs === undefined ? null : new Date(readAtMs).toISOString(),
        windowSeconds,
        attribution: attribution(),
        truncated,
        problem: allProblems.size > 0 ? [...allProblems].join('; ') : null,
        rows,
      },
      200,
      { 'cache-control': 'no-store' },
    )
  })

  app.get('/:file?', c => asset(c, assets, c.req.param('file') ?? 'index.html'))
  app.notFound(c => c.json({ error: `no such page: ${c.req.path}` }, 404))
  return app
}

function asset(c: Context, assets: Assets, name: string) {
  const found = assets.get(name)
  if (!found) return c.notFound()
  const { contentType, body, gzipped, etag } = found
  const headers = {
    ...securityHeaders,
    'content-type': contentType,
    'cache-control': 'no-cache',
    vary: 'accept-encoding',
    etag,
  }
  if (c.req.header('if-none-match') === etag) return c.body(null, 304, headers)
  if (!takesGzip(c)) return c.body(body, 200, headers)
  return c.body(gzipped, 200, { ...headers, 'content-encoding': 'gzip' })
}
