import { z } from 'zod'
import { bad, good } from './finding.ts'
import type { Finding } from './finding.ts'
import type { Get } from './get.ts'

/** Root name servers of three continents (A, K and M): every database of the public Internet places them. */
export const wellKnown = ['198.41.0.4', '193.0.14.129', '202.12.27.33']

const Locations = z.object({
  locations: z.array(
    z.looseObject({
      address: z.string(),
      country: z.string().optional(),
      latitude: z.number().optional(),
    }),
  ),
})

/**
 * Whether geoip is well and places what its queries find. Where that is nothing with a place, as in a cluster
 * that talks to nobody outside, it is asked for addresses that everybody knows.
 */
export async function places(geoip: string, get: Get): Promise<Finding> {
  const ready = await get(`${geoip}/readyz`)
  if (ready.status !== 200) return bad(`geoip is not ready: ${ready.text.trim()}`)
  const { text } = await get(`${geoip}/metrics`)
  const answers = valuesOf(text, 'podatlas_geoip_query_samples')
  if (answers.length === 0) return bad(`geoip has had no answer from Prometheus${reasonsIn(text)}`)
  if (answers.every(samples => samples === 0)) {
    return bad('no query of geoip finds a series at Prometheus: is geoip.query right?')
  }
  const seen = text.match(/^podatlas_geo_info\{.*$/gm) ?? []
  const placed = seen.filter(line => /,country="(?!unknown")|,latitude="/.test(line)).length
  if (placed > 0) return good(`geoip places ${placed} of ${seen.length} public addresses`)
  const known = await placedOf(geoip, get)
  if (known === undefined) {
    const others = seen.length > 0 ? `none of ${seen.length} public addresses, and ` : ''
    return bad(
      `geoip places ${others}none of ${wellKnown.join(', ')} (root name servers): is it the right database?`,
    )
  }
  return good(
    seen.length > 0
      ? `geoip works (it places ${known}), though its database has none of ${seen.length} public addresses seen`
      : `geoip works (it places ${known}); no traffic with a public address has been seen yet`,
  )
}

/** The first of the well known addresses that has a place; undefined if none has. */
async function placedOf(geoip: string, get: Get): Promise<string | undefined> {
  const body = JSON.stringify({ addresses: wellKnown })
  const { status, text } = await get(`${geoip}/locations`, { method: 'POST', body })
  if (status !== 200) throw new Error(`${geoip}/locations answers ${status}: ${text.trim()}`)
  const { locations } = Locations.parse(JSON.parse(text))
  return locations.find(({ country, latitude }) => country !== undefined || latitude !== undefined)
    ?.address
}

function valuesOf(exposition: string, metric: string): number[] {
  const lines = exposition.matchAll(new RegExp(`^${metric}\\{[^}]*\\} (\\S+)$`, 'gm'))
  return Array.from(lines, ([, value]) => Number(value))
}

/** Why queries failed, such as ` (unreachable)`; empty where none did. */
function reasonsIn(exposition: string): string {
  const failures = exposition.matchAll(
    /^podatlas_geoip_query_failures_total\{.*reason="(\w+)"\} [1-9]/gm,
  )
  const reasons = new Set(Array.from(failures, ([, reason]) => reason))
  return reasons.size > 0 ? `: ${[...reasons].join(', ')}. What does it log?` : ' yet'
}
