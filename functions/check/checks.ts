import { causeOf } from '../program/cause.ts'
import type { Ask } from '../prometheus/query.ts'

/** What a check has seen, in words: either it is as it should be, or what is missing and where to look. */
export type Finding = { readonly isGood: boolean; readonly says: string }

export type Check = { readonly name: string; readonly look: () => Promise<Finding> }

export type Parts = {
  readonly ask: Ask
  /** Base URL of Prometheus, for people. */
  readonly prometheus: string
  /** Only series with this label `cluster`. */
  readonly cluster?: string | undefined
  readonly geoip?: string | undefined
  readonly hasPeers: boolean
}

/** What must hold of an installation: bytes arrive, places are known, and Prometheus gets to know what functions tell. */
export function checksOf({ ask, prometheus, cluster, geoip, hasPeers }: Parts): Check[] {
  const ofCluster = cluster === undefined ? '' : `{cluster=${JSON.stringify(cluster)}}`
  const valueOf = async (query: string) => (await ask(query)).samples[0]?.value ?? 0

  async function bytes(): Promise<Finding> {
    const [sent, received, nodes] = [
      await valueOf(`sum(podatlas_transmit_bytes_total${ofCluster})`),
      await valueOf(`sum(podatlas_receive_bytes_total${ofCluster})`),
      await valueOf(`count(count by (source_host) (podatlas_agent_info${ofCluster}))`),
    ]
    if (sent + received > 0) {
      const from = `${nodes} ${nodes === 1 ? 'node' : 'nodes'}`
      return good(`${sent} bytes sent and ${received} received, of ${from}`)
    }
    const missing = `no bytes${ofCluster} at ${prometheus} yet`
    return bad(
      nodes > 0 ? `${missing}, though agents report` : `${missing}: what do the agents log?`,
    )
  }

  async function scraped(metric: string, who: string): Promise<Finding> {
    const count = await valueOf(`count(${metric})`)
    return count > 0
      ? good(`${prometheus} scrapes ${who}`)
      : bad(`${prometheus} has no ${metric}: does it scrape ${who}?`)
  }

  return [
    { name: 'bytes', look: bytes },
    ...(geoip === undefined
      ? []
      : [
          { name: 'places', look: () => places(geoip) },
          { name: 'geoip', look: () => scraped('podatlas_geoip_database_up', 'geoip') },
        ]),
    ...(hasPeers
      ? [{ name: 'peers', look: () => scraped(`podatlas_peer_info${ofCluster}`, 'peers') }]
      : []),
  ]
}

/** Whether geoip is well and finds what it is asked for. Private addresses have no place, so they prove nothing. */
async function places(geoip: string): Promise<Finding> {
  const ready = await get(`${geoip}/readyz`)
  if (ready.status !== 200) return bad(`geoip is not ready: ${ready.text.trim()}`)
  const lookups = new Map<string, number>()
  const { text } = await get(`${geoip}/metrics`)
  for (const [, result = '', count] of text.matchAll(
    /^podatlas_geoip_lookups_total\{result="(\w+)"\} (\S+)$/gm,
  ))
    lookups.set(result, Number(count))
  const found = lookups.get('found') ?? 0
  const unknown = lookups.get('unknown') ?? 0
  if (found > 0) return good(`geoip placed ${found} of ${found + unknown} public addresses`)
  if (unknown > 0)
    return bad(`geoip placed none of ${unknown} public addresses: is it the right database?`)
  return good('geoip is ready, and no public address has been seen yet')
}

async function get(url: string): Promise<{ status: number; text: string }> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(10_000) })
    return { status: response.status, text: await response.text() }
  } catch (error) {
    throw new Error(`cannot reach ${url}: ${causeOf(error)}`, { cause: error })
  }
}

function good(says: string): Finding {
  return { isGood: true, says }
}

function bad(says: string): Finding {
  return { isGood: false, says }
}
