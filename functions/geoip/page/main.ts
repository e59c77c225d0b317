import { find, html, setText } from './dom.ts'
import { followFeed } from './feed.ts'
import type { Feed } from './feed.ts'
import { filterControls } from './filters.ts'
import { formatAge, formatCount, formatRate } from './format.ts'
import { worldMap } from './map.ts'
import { placeList } from './place-list.ts'
import { dotsOf, placeKey } from './places.ts'
import { connectionTable } from './table.ts'
import { hasFilters, queryOfView, rowsInTable, rowsOnMap, viewFromQuery } from './view.ts'
import type { View } from './view.ts'

// Three missed answers of Prometheus at its usual pace.
const oldAfterMs = 30_000

let view = viewFromQuery(location.search)
let feed: Feed | undefined
let silence: string | undefined

const map = worldMap(pick)
const places = placeList(pick)
const filters = filterControls(() => view, change)
const table = connectionTable(sort => change({ ...view, sort }), show)

function change(wanted: View): void {
  view = wanted
  const query = queryOfView(view)
  history.replaceState(null, '', query ? `?${query}` : location.pathname)
  show()
}

/** Picking the picked place again shows all places. */
function pick(key: string): void {
  change({ ...view, place: key === view.place ? '' : key })
}

function show(): void {
  if (!feed) return
  const onMap = rowsOnMap(feed.rows, view)
  const inTable = rowsInTable(feed.rows, view)
  const dots = dotsOf(onMap, view.measure)
  filters.show(feed.rows, view)
  map.show(dots, view)
  places.show(dots, onMap.filter(row => placeKey(row) === undefined).length, view)
  table.show(inTable, view.sort)
  showSummary(inTable)
  showEmpty(feed, inTable.length)
  showAttribution(feed.attribution)
}

function showSummary(rows: Feed['rows']): void {
  const sum = (number: (row: Feed['rows'][number]) => number) =>
    rows.reduce((total, row) => total + number(row), 0)
  const countries = new Set(rows.flatMap(row => row.country ?? []))
  const shown = new Set(rows.flatMap(row => placeKey(row) ?? []))
  setText(find('#sum-sent', HTMLElement), formatRate(sum(row => row.sentPerSecond)))
  setText(find('#sum-received', HTMLElement), formatRate(sum(row => row.receivedPerSecond)))
  setText(find('#sum-places', HTMLElement), String(shown.size))
  setText(find('#sum-countries', HTMLElement), String(countries.size))
  setText(find('#sum-connections', HTMLElement), rows.length.toLocaleString('en'))
}

function showEmpty({ rows, truncated }: Feed, shown: number): void {
  const left = truncated > 0 ? `, ${truncated.toLocaleString('en')} smaller ones left out` : ''
  setText(
    find('#count', HTMLElement),
    `${shown} of ${formatCount(rows.length, 'connection')}${left}`,
  )
  const empty = find('#empty', HTMLElement)
  empty.hidden = shown > 0
  if (rows.length === 0)
    setText(empty, 'No connections yet. They appear as soon as the agent reports some.')
  else if (hasFilters(view)) setText(empty, 'No connection matches the filters.')
  else
    setText(empty, 'None of the connections leaves private networks. “All” addresses shows them.')
}

/** Links the addresses in the text, as the licences of the databases want. */
function showAttribution(text: string): void {
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

function showFreshness(): void {
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

followFeed(
  answer => {
    feed = answer
    silence = undefined
    show()
    showFreshness()
  },
  text => {
    silence = text
    showFreshness()
  },
)
setInterval(showFreshness, 1_000)
