import type { Connection } from '../connections/connections.ts'
import type { Verdict } from '../connections/verdicts.ts'
import { placeKey } from './places.ts'
import type { Measure } from './places.ts'

const ownerFilters = ['namespace', 'pod', 'container'] as const
/** Filters with a list of choices, each narrowing those after it. */
export const filters = [...ownerFilters, 'country', 'verdict'] as const
export type Filter = (typeof filters)[number]

/** Ranges to look back, by their names in the address of the page. */
export const ranges = { '1m': 60, '15m': 900, '1h': 3_600, '6h': 21_600, '24h': 86_400 } as const
export type Range = keyof typeof ranges

/** What the person chose to see; all of it is in the address of the page. */
export type View = {
  /** `''` is any; `none` are rows without this owner, such as processes of the host. */
  readonly namespace: string
  readonly pod: string
  readonly container: string
  /** ISO code, `unknown` for public addresses without a place, `none` for those that are not public. */
  readonly country: string
  readonly verdict: '' | Verdict
  /** Key of the place picked on the map. */
  readonly place: string
  readonly measure: Measure
  readonly scope: 'internet' | 'all'
  readonly range: Range
  /** Column, with a minus where the largest stands first. */
  readonly sort: string
}

/** Stands for "has none"; no Kubernetes name begins with a dash. */
export const none = '-'

const initial: View = {
  namespace: '',
  pod: '',
  container: '',
  country: '',
  verdict: '',
  place: '',
  measure: 'both',
  scope: 'internet',
  range: '15m',
  sort: '-sentPerSecond',
}

/** Reads the address of the page; what it cannot be is as at first. */
export function viewFromQuery(query: string): View {
  const parameters = new URLSearchParams(query)
  const text = (name: keyof View) => parameters.get(name) ?? initial[name]
  const one = <Value extends string>(name: keyof View, values: readonly Value[], first: Value) =>
    values.find(value => value === parameters.get(name)) ?? first
  return {
    namespace: text('namespace'),
    pod: text('pod'),
    container: text('container'),
    country: text('country'),
    verdict: one('verdict', ['allowed', 'forbidden', 'unknown', ''], initial.verdict),
    place: text('place'),
    measure: one('measure', ['both', 'sent', 'received'], initial.measure),
    scope: one('scope', ['internet', 'all'], initial.scope),
    range: one('range', ['1m', '15m', '1h', '6h', '24h'], initial.range),
    sort: text('sort'),
  }
}

/** The query that brings the view back; what is as at first is left out. */
export function queryOfView(view: View): string {
  const atFirst = new Map(Object.entries(initial))
  const changed = Object.entries(view).filter(([name, value]) => value !== atFirst.get(name))
  return new URLSearchParams(changed).toString()
}

/** The query of `/api/connections` and `/api/history`; filters only where geoip should apply them. */
export function requestOfView(view: View, seconds: number, withFilters: boolean): string {
  const query = new URLSearchParams({ window: `${seconds}s` })
  if (withFilters) {
    for (const name of ownerFilters) {
      if (view[name] !== '') query.set(name, view[name] === none ? '' : view[name])
    }
    if (view.country !== '') query.set('country', view.country)
  }
  return query.toString()
}

/** The view without filters, with its other choices kept. */
export function withoutFilters(view: View): View {
  const { measure, scope, range, sort } = view
  return { ...initial, measure, scope, range, sort }
}

export function hasFilters(view: View): boolean {
  return view.place !== '' || filters.some(filter => view[filter] !== '')
}

/** The value that a filter compares. */
export function valueOf(row: Connection, filter: Filter): string {
  if (filter === 'verdict') return row.verdict
  if (filter === 'country') return row.country ?? (row.isPublic ? 'unknown' : 'none')
  return row[filter] ?? none
}

/** Rows that pass the filters and the scope: those the map shows. */
export function rowsOnMap(rows: readonly Connection[], view: View): Connection[] {
  return rows.filter(
    row =>
      (view.scope === 'all' || row.isPublic) &&
      filters.every(filter => view[filter] === '' || valueOf(row, filter) === view[filter]),
  )
}

/** Rows of the table: those on the map, narrowed to the picked place. */
export function rowsInTable(rows: readonly Connection[], view: View): Connection[] {
  const onMap = rowsOnMap(rows, view)
  return view.place === '' ? onMap : onMap.filter(row => placeKey(row) === view.place)
}

/** Values a filter can take, given the filters before it. */
export function choicesOf(rows: readonly Connection[], view: View, filter: Filter): string[] {
  const before = filters.slice(0, filters.indexOf(filter))
  const chosen = Object.fromEntries(before.map(name => [name, view[name]]))
  const narrowed = rowsOnMap(rows, { ...withoutFilters(view), ...chosen })
  const values = new Set(narrowed.map(row => valueOf(row, filter)))
  if (view[filter] !== '') values.add(view[filter])
  return [...values].toSorted((a, b) => a.localeCompare(b))
}
