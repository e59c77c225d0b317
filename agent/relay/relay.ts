import { setTimeout as sleep } from 'node:timers/promises'
import packageJson from '../../package.json' with { type: 'json' }
import { UsageError } from '../command-line.ts'
import { readConfig } from '../config.ts'
import { createLog } from '../log.ts'
import { openSinks } from '../sinks/index.ts'
import { createTelemetry } from '../telemetry.ts'
import { pageSeries } from './page-series.ts'
import type { Line } from './page.ts'
import { scrape } from './scrape.ts'
import { messageOf } from '../message-of.ts'

const SCRAPE_EVERY_MS = 1_000
/**
 * A request holds one sample of a series, so each page handed on is a request of its own: this long,
 * newer pages take the place of older ones.
 */
const HAND_ON_EVERY_MS = 4_500

/**
 * `podatlas-agent relay URL [options]`, which no help names: scrapes a page of metrics each second and
 * hands it to the sinks of the options, adding `job` and `instance`, up to the signal; what is newer
 * than the last one handed on goes with the end. It is how Prometheus' compliance suite, which tests
 * senders that scrape, tests the sinks of an agent that does not (docs/decisions/0108).
 */
export async function relay(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  stop: AbortSignal,
): Promise<number> {
  const [page = '', ...options] = args
  const url = urlOf(page)
  const config = readConfig(options, env)
  if (config === 'help') throw new UsageError('relay takes a URL, and options as in --help')
  const { version } = packageJson
  const telemetry = createTelemetry(config.nodeName, version)
  const log = createLog(config.verbosity)
  await using sinks = await openSinks({ sinks: config.sinks, version, telemetry, log: log.info })
  const samplesOf = pageSeries({ job: 'relay', instance: url.host })
  log.info(`relays ${url.origin}${url.pathname} to: ${Object.keys(config.sinks).join(', ')}`)

  let waiting: { readonly lines: readonly Line[]; readonly scrapedMs: number } | undefined
  let handedOnMs = Date.now()
  while (!stop.aborted) {
    waiting = (await look()) ?? waiting
    if (Date.now() - handedOnMs >= HAND_ON_EVERY_MS) handOn()
    await sleep(SCRAPE_EVERY_MS, undefined, { signal: stop }).catch(() => undefined)
  }
  handOn()
  return 0

  /** A page that cannot be had is an empty one, as with Prometheus: its series end. */
  async function look(): Promise<typeof waiting> {
    const scrapedMs = Date.now()
    try {
      return { lines: await scrape(url, SCRAPE_EVERY_MS, stop), scrapedMs }
    } catch (error) {
      if (stop.aborted) return undefined
      log.warn('scrape', messageOf(error))
      return { lines: [], scrapedMs }
    }
  }

  function handOn(): void {
    handedOnMs = Date.now()
    if (!waiting) return
    for (const samples of samplesOf(waiting.lines, waiting.scrapedMs)) sinks.offer(samples)
    waiting = undefined
  }
}

function urlOf(page: string): URL {
  const url = URL.parse(page)
  if (url && /^https?:$/.test(url.protocol)) return url
  throw new UsageError(`relay: "${page}" is no page. Use a URL like http://192.0.2.7:9100/metrics`)
}
