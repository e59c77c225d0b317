import type { Sink } from '../sink.ts'
import type { ScrapeOptions } from './options.ts'
import { scrapePage } from './page.ts'

/**
 * Traffic for those who come and ask, on the agent's own server. It waits for nobody, so it has no queue
 * and loses nothing: who does not come gets the next value. The agent's own metrics are at `/metrics`
 * whether there is such a sink or not, so they are left out.
 */
export const scrape: Sink<ScrapeOptions> = ({ options, telemetry }) => {
  const own = new Set(telemetry.registry.metrics.map(({ name }) => name))
  const { offer, pieces } = scrapePage(({ name }) => !own.has(name), options.created)
  return {
    offer,
    page: { path: options.path, pieces },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}
