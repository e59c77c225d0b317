import type { Connection } from '../connections/connections.ts'
import { placeDetails } from './details.ts'
import { exportButton } from './export.ts'
import { follow } from './feed.ts'
import type { Feed, HistoryFeed } from './feed.ts'
import { filterControls } from './filters.ts'
import { formatCount } from './format.ts'
import { worldMap } from './map.ts'
import { placeList } from './place-list.ts'
import { dotsOf, placeKey } from './places.ts'
import { showAttribution, showCount, showFreshness, tellNews } from './state.ts'
import { showSummary } from './summary.ts'
import { connectionTable, sortRows } from './table.ts'
import { themeButton } from './theme.ts'
import { trendChart } from './trend.ts'
import {
  queryOfView,
  ranges,
  requestOfView,
  rowsInTable,
  rowsOnMap,
  viewFromQuery,
} from './view.ts'
import type { View } from './view.ts'

// A line needs some points, of which there is one in ten seconds.
const leastTrendSeconds = 900

let view = viewFromQuery(location.search)
let feed: Feed | undefined
let silence: string | undefined
/** The last answer to a question without filters: what filters can be set to. */
let unfiltered: Feed | undefined

themeButton()
const map = worldMap(pick)
const places = placeList(pick)
const details = placeDetails(() => pick(''))
const filters = filterControls(() => view, change)
const table = connectionTable(sort => change({ ...view, sort }), show)
const trend = trendChart()
exportButton(() => (feed ? sortRows(rowsInTable(feed.rows, view), view.sort) : []))

const connections = follow<Feed>({
  everyMs: 5_000,
  url: () => `api/connections?${requestOfView(view, ranges[view.range], isCut())}`,
  onAnswer: answer => {
    if (!isCut()) unfiltered = answer
    feed = answer
    silence = undefined
    show()
  },
  onProblem: text => {
    silence = text
    showFreshness(feed, silence)
  },
})
const pastTraffic = follow<HistoryFeed>({
  everyMs: 15_000,
  url: () => `api/history?${requestOfView(view, trendSeconds(), true)}`,
  onAnswer: answer =>
    trend.show(answer, trendSeconds() === leastTrendSeconds ? '15 min' : view.range),
  // The connections tell.
  onProblem: () => {},
})
setInterval(() => showFreshness(feed, silence), 1_000)
addEventListener('popstate', () => setView(viewFromQuery(location.search)))

/** Whether geoip has to filter, since it left out connections that the filters may ask for. */
function isCut(): boolean {
  return (
    (unfiltered?.truncated ?? 0) > 0 &&
    requestOfView(view, 60, true) !== requestOfView(view, 60, false)
  )
}

function trendSeconds(): number {
  return Math.max(leastTrendSeconds, ranges[view.range])
}

/** Each choice is an entry in the browser's history, so that its back button undoes it. */
function change(wanted: View): void {
  const query = queryOfView(wanted)
  history.pushState(null, '', query ? `?${query}` : location.pathname)
  setView(wanted)
}

function setView(wanted: View): void {
  const before = view
  view = wanted
  show()
  if (questionOf(view) !== questionOf(before)) {
    connections.ask()
    pastTraffic.ask()
  }
  if (feed) tellNews(`${formatCount(rowsInTable(feed.rows, view).length, 'connection')} shown`)
}

/** What of a view geoip is asked by. */
function questionOf(of: View): string {
  return requestOfView(of, ranges[of.range], true)
}

/** Picking the picked place again shows all places. */
function pick(key: string): void {
  change({ ...view, place: key === view.place ? '' : key })
}

function show(): void {
  showFreshness(feed, silence)
  filters.show(choices(), view)
  if (!feed) return
  const onMap = rowsOnMap(feed.rows, view)
  const inTable = rowsInTable(feed.rows, view)
  const dots = dotsOf(onMap, view.measure)
  document.body.classList.toggle('unjudged', feed.policies.length === 0)
  map.show(dots, view, feed)
  places.show(dots, onMap.filter(row => placeKey(row) === undefined).length, view)
  details.show(dots, onMap, view)
  table.show(inTable, view.sort)
  showSummary(inTable)
  showCount(feed, inTable.length, view)
  showAttribution(feed.attribution)
}

function choices(): readonly Connection[] {
  return unfiltered?.rows ?? feed?.rows ?? []
}
