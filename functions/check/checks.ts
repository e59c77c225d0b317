import type { Ask } from '../prometheus/query.ts'
import { bad, good } from './finding.ts'
import type { Finding } from './finding.ts'
import type { Get } from './get.ts'
import { places } from './places.ts'

export type Check = { readonly name: string; readonly look: () => Promise<Finding> }

export type Parts = {
  readonly ask: Ask
  readonly get: Get
  /** Base URL of Prometheus, for people. */
  readonly prometheus: string
  /** Only series with this label `cluster`. */
  readonly cluster?: string | undefined
  readonly geoip?: string | undefined
  readonly hasPeers: boolean
}

/** What must hold of an installation: bytes arrive, places are known, and Prometheus gets to know what functions tell. */
export function checksOf({ ask, get, prometheus, cluster, geoip, hasPeers }: Parts): Check[] {
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
          { name: 'places', look: () => places(geoip, get) },
          { name: 'geoip', look: () => scraped('podatlas_geoip_database_up', 'geoip') },
        ]),
    ...(hasPeers
      ? [{ name: 'peers', look: () => scraped(`podatlas_peer_info${ofCluster}`, 'peers') }]
      : []),
  ]
}
