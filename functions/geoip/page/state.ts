import { find, html, setText } from './dom.ts'
import type { Feed } from './feed.ts'
import { formatAge, formatCount } from './format.ts'
import { hasFilters } from './view.ts'
import type { View } from './view.ts'

// Three missed answers of Prometheus at its usual pace.
const oldAfterMs = 30_000

/** How old what is shown is, and what is wrong. `silence` is why geoip itself does not answer. */
export function showFreshness(feed: Feed | undefined, silence: string | undefined): void {
  const freshness = find('#freshness', HTMLElement)
  const readAt = feed?.generatedAt ? Date.parse(feed.generatedAt) : undefined
  const ageMs = readAt === undefined ? undefined : Date.now() - readAt
  if (ageMs !== undefined) setText(freshness, `Updated ${formatAge(ageMs)}`)
  else setText(freshness, feed ? 'No data yet' : 'Loading')
  const isOld = ageMs === undefined || ageMs > oldAfterMs || silence !== undefined
  freshness.classList.toggle('old', isOld)

  const problem = find('#problem', HTMLElement)
  const text = silence ?? feed?.problem ?? ''
  setText(problem, text)
  problem.hidden = text === ''
}

/** How many of the connections are shown, and why there are none. */
export function showCount(feed: Feed, shown: number, view: View): void {
  const { rows, truncated } = feed
  const left = truncated > 0 ? `; ${truncated.toLocaleString('en')} smaller ones left out` : ''
  const text = `${shown.toLocaleString('en')} of ${formatCount(rows.length, 'connection')}${left}`
  setText(find('#count', HTMLElement), text)
  const empty = find('#empty', HTMLElement)
  empty.hidden = shown > 0
  setText(empty, whyEmpty(feed, view))
}

function whyEmpty({ rows, generatedAt }: Feed, view: View): string {
  if (generatedAt === null) return 'Prometheus has not answered yet.'
  if (hasFilters(view)) return 'No connection matches the filters.'
  if (rows.length === 0) {
    return 'No connections in this time range. They appear as soon as an agent reports some.'
  }
  return 'None of the connections leaves private networks. “All” addresses shows them.'
}

/** Tells those who do not see it what a change of filters left. */
export function tellNews(text: string): void {
  setText(find('#news', HTMLElement), text)
}

/** Links the addresses in the text, as the licences of the databases want. */
export function showAttribution(text: string): void {
  const element = find('#attribution', HTMLElement)
  const parts = text.split(/\((https:\/\/[^)\s]+)\)/)
  if (element.dataset['text'] === text) return
  element.dataset['text'] = text
  element.replaceChildren(
    ...parts.map((part, index) =>
      index % 2 === 1 ? html('a', { href: part, rel: 'noreferrer' }, new URL(part).host) : part,
    ),
  )
}
