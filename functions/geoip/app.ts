import { Hono } from 'hono'
import type { Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { compress } from 'hono/compress'
import { health } from '../program/health.ts'
import { takesGzip } from '../program/takes-gzip.ts'
import type { Snapshot } from './answer-cache.ts'
import type { ConnectionRows } from './connections/connections.ts'
import type { History } from './connections/history.ts'
import type { Lookup } from './locate.ts'
import type { Location } from './location.ts'
import { locationOf, MOST_BODY_BYTES, parseBatch } from './locations.ts'
import { openApi } from './openapi.ts'
import type { Assets } from './page-assets.ts'
import { readViewRequest } from './connections/view-request.ts'
import type { ViewRequest } from './connections/view-request.ts'

export type Parts = {
  /** The metrics of the function itself, as text. */
  readonly metrics: () => Promise<string>
  /** The series of places, as text in pieces. */
  readonly series: () => Iterable<string>
  readonly locate: (address: string) => Lookup
  readonly connections: (request: ViewRequest) => Promise<Snapshot<ConnectionRows>>
  readonly history: (request: ViewRequest) => Promise<Snapshot<History>>
  /** Where the cluster is; null if nobody said so. */
  readonly cluster: Location | null
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

/**
 * The routes of geoip; pure, without anything of Node, so that tests and serverless hosts call
 * `request` or `fetch` on it.
 */
export function geoipApp(parts: Parts): Hono {
  const { locate, assets, problems } = parts
  const app = new Hono()
  for (const path of ['/api/*', '/locations', '/metrics', '/openapi.json']) {
    app.use(path, compress())
  }

  app.get('/metrics', async c =>
    c.body(streamOf(texts(await parts.metrics(), parts.series())), 200, {
      'content-type': 'text/plain; version=0.0.4; charset=utf-8',
    }),
  )
  app.get('/healthz', c => health(c, parts.stuck()))
  app.get('/readyz', c => health(c, parts.notReady(), problems()))
  app.get('/openapi.json', c => c.json(openApi))

  // No database knows an address before it is read.
  app.use('/locations/*', async (c, next) => {
    const reason = parts.notReady()
    if (reason === undefined) return next()
    return c.json({ error: reason }, 503, { 'retry-after': '1' })
  })
  app.get('/locations/:address', c => {
    const address = c.req.param('address')
    const { status, body } = locationOf(address, locate(address))
    return c.json(body, status)
  })
  app.post(
    '/locations',
    bodyLimit({
      maxSize: MOST_BODY_BYTES,
      onError: c => c.json({ error: `body: use ${MOST_BODY_BYTES} bytes or less` }, 413),
    }),
    async c => {
      const batch = parseBatch(await c.req.text())
      if ('error' in batch) return c.json({ error: batch.error }, batch.isTooLong ? 413 : 400)
      const locations = batch.addresses.map(address => {
        const { status, body } = locationOf(address, locate(address))
        return status === 200 ? body : { address, ...body }
      })
      return c.json({ attribution: parts.attribution(), locations })
    },
  )

  app.get('/api/connections', c =>
    view(c, parts.connections, ({ rows, truncated, policies }) => ({
      cluster: parts.cluster,
      policies,
      truncated,
      rows,
    })),
  )
  app.get('/api/history', c =>
    view(c, parts.history, ({ stepSeconds, points }) => ({ stepSeconds, points })),
  )

  app.get('/:file?', c => asset(c, assets, c.req.param('file') ?? 'index.html'))
  app.notFound(c => c.json({ error: `no such page: ${c.req.path}` }, 404))
  return app

  /** What a part of the page shows, with its age and all that is wrong. */
  async function view<Value>(
    c: Context,
    read: (request: ViewRequest) => Promise<Snapshot<Value>>,
    own: (value: Value) => object,
  ): Promise<Response> {
    const request = readViewRequest(new URL(c.req.url).searchParams)
    if ('error' in request) return c.json(request, 400)
    const snapshot = await read(request)
    const { readAtMs, problem } = snapshot
    const allProblems = new Set([...(problem ? [problem] : []), ...problems()])
    return c.json(
      {
        generatedAt: readAtMs === undefined ? null : new Date(readAtMs).toISOString(),
        windowSeconds: request.windowSeconds,
        attribution: parts.attribution(),
        problem: allProblems.size > 0 ? [...allProblems].join('; ') : null,
        ...own(snapshot),
      },
      200,
      { 'cache-control': 'no-store' },
    )
  }
}

function* texts(first: string, others: Iterable<string>): Generator<string> {
  yield first
  yield* others
}

/** A body that is made while it is read, so that it is never there as a whole. */
function streamOf(pieces: Iterator<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  return new ReadableStream({
    pull: controller => {
      const { value, done } = pieces.next()
      if (done) controller.close()
      else controller.enqueue(encoder.encode(value))
    },
  })
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
