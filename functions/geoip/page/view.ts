import type { Connection } from '../connections.ts'
import { placeKey } from './places.ts'
import type { Measure } from './places.ts'

export const ownerFilters = ['namespace', 'pod', 'container'] as const
export type OwnerFilter = (typeof ownerFilters)[number]

/** What the person chose to see; all of it is in the address of the page. */
export type View = {
  /** `''` is any; `none` are rows without this owner, such as processes of the host. */
  readonly namespace: string
  readonly pod: string
  readonly container: string
  /** Key of the place picked on the map. */
  readonly place: string
  readonly measure: Measure
  readonly scope: 'internet' | 'all'
  /** Column, with a minus where the largest stands first. */
  readonly sort: string
}

/** Stands for "has none"; no Kubernetes name begins with a dash. */
export const none = '-'

const initial: View = {
  namespace: '',
  pod: '',
  container: '',
  place: '',
  measure: 'both',
  scope: 'internet',
  sort: '-sentPerSecond',
}

export function viewFromQuery(query: string): View {
  const parameters = new URLSearchParams(query)
  const text = (name: keyof View) => parameters.get(name) ?? initial[name]
  const measure = text('measure')
  return {
    namespace: text('namespace'),
    pod: text('pod'),
    container: text('container'),
    place: text('place'),
    measure: measure === 'sent' || measure === 'received' ? measure : 'both',
    scope: text('scope') === 'all' ? 'all' : 'internet',
    sort: text('sort'),
  }
}

/** The query that brings the view back; what is as at first is left out. */
export function queryOfView(view: View): string {
  const atFirst = new Map(Object.entries(initial))
  const changed = Object.entries(view).filter(([name, value]) => value !== atFirst.get(name))
  return new URLSearchParams(changed).toString()
}

/** The view without filters, with its other choices kept. */
export function withoutFilters(view: View): View {
  return { ...view, namespace: '', pod: '', container: '', place: '' }
}

export function hasFilters(view: View): boolean {
  return view.place !== '' || ownerFilters.some(filter => view[filter] !== '')
}

/** Rows that pass namespace, pod, container and scope: those the map shows. */
export function rowsOnMap(rows: readonly Connection[], view: View): Connection[] {
  return rows.filter(
    row =>
      (view.scope === 'all' || row.isPublic) &&
      ownerFilters.every(filter => view[filter] === '' || (row[filter] ?? none) === view[filter]),
  )
}

/** Rows of the table: those on the map, narrowed to the picked place. */
export function rowsInTable(rows: readonly Connection[], view: View): Connection[] {
  const onMap = rowsOnMap(rows, view)
  return view.place === '' ? onMap : onMap.filter(row => placeKey(row) === view.place)
}

/** Values a filter can take, given the filters before it. */
export function choicesOf(rows: readonly Connection[], view: View, filter: OwnerFilter): string[] {
  const before = ownerFilters.slice(0, ownerFilters.indexOf(filter))
  const narrowed = rowsOnMap(rows, { ...withoutFilters(view), ...pick(view, before) })
  const values = new Set(narrowed.map(row => row[filter] ?? none))
  if (view[filter] !== '') values.add(view[filter])
  return [...values].toSorted((a, b) => a.localeCompare(b))
}

function pick(view: View, filters: readonly OwnerFilter[]): Partial<View> {
  return Object.fromEntries(filters.map(filter => [filter, view[filter]]))
}
