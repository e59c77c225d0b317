import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { Telemetry } from './telemetry.ts'

/** OpenMetrics 1.0, or the text format 0.0.4 that everything reads. */
export type ScrapeFormat = 'openmetrics' | 'text'

/** Metric families for those who come and ask: a page, or a part of one. */
export type ScrapePart = {
  /** Such as `/metrics`. */
  readonly path: string
  /** The lines as they are now, piece by piece; no family is in two parts of a page. */
  readonly pieces: (format: ScrapeFormat) => Iterable<string>
}

const CONTENT_TYPES = {
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  text: 'text/plain; version=0.0.4; charset=utf-8',
}

// A pair of Prometheus and some people. Each page takes time to write and memory while it is read.
const MAX_AT_ONCE = 10
// What a scraper takes no longer than, if it is not set otherwise.
const READ_WITHIN_MS = 10_000

/**
 * Answers scrapes in the format and encoding that the asker prefers. A page is made while it is read, so
 * that a slow reader holds little memory; those who are too many or too slow are turned away, and counted.
 */
export function scraping(
  parts: readonly ScrapePart[],
  { scrapeFailures }: Pick<Telemetry, 'scrapeFailures'>,
  { maxAtOnce = MAX_AT_ONCE, readWithinMs = READ_WITHIN_MS } = {},
) {
  let atOnce = 0

  async function answer(path: string, request: IncomingMessage, response: ServerResponse) {
    const format = formatOf(request.headers.accept)
    const isGzipped = qualityOf(request.headers['accept-encoding'], ['gzip', '*']) > 0
    if (atOnce >= maxAtOnce) {
      scrapeFailures.inc({ reason: 'busy' })
      response.writeHead(503, { 'retry-after': '1' }).end(`${atOnce} scrapes are under way\n`)
      return
    }
    response.writeHead(200, {
      'content-type': CONTENT_TYPES[format],
      vary: 'accept, accept-encoding',
      ...(isGzipped && { 'content-encoding': 'gzip' }),
    })
    if (request.method === 'HEAD') {
      response.end()
      return
    }
    atOnce += 1
    // Not AbortSignal.timeout: what was read in time would leave a timer behind.
    const tooSlow = new AbortController()
    const deadline = setTimeout(() => tooSlow.abort(), readWithinMs)
    const page = Readable.from(pageOf(path, format))
    const { signal } = tooSlow
    try {
      if (isGzipped) await pipeline(page, createGzip({ level: 1 }), response, { signal })
      else await pipeline(page, response, { signal })
    } catch {
      scrapeFailures.inc({ reason: signal.aborted ? 'slow' : 'gone' })
      response.destroy()
    } finally {
      clearTimeout(deadline)
      atOnce -= 1
    }
  }

  function* pageOf(path: string, format: ScrapeFormat): Iterable<string> {
    for (const part of parts) if (part.path === path) yield* part.pieces(format)
    if (format === 'openmetrics') yield '# EOF\n'
  }

  return { paths: new Set(parts.map(({ path }) => path)), answer }
}

function formatOf(accept: string | undefined): ScrapeFormat {
  const openMetrics = qualityOf(accept, ['application/openmetrics-text'], ['1.0.0', undefined])
  const text = qualityOf(accept, ['text/plain', 'text/*', '*/*'], ['0.0.4', undefined])
  return openMetrics > text ? 'openmetrics' : 'text'
}

/** How much what is asked for is wanted, from 0 to 1, as `Accept` and `Accept-Encoding` say it. */
function qualityOf(
  header: string | undefined,
  names: readonly string[],
  versions: readonly (string | undefined)[] = [undefined],
): number {
  const qualities = (header ?? '').split(',').map(range => {
    const [name = '', ...parameters] = range.split(';').map(part => part.trim().toLowerCase())
    const { q = '1', version } = Object.fromEntries(parameters.map(pair => pair.split('=', 2)))
    return names.includes(name) && versions.includes(version) ? Number(q) || 0 : 0
  })
  return Math.max(...qualities)
}
