import type { Connection } from '../connections/connections.ts'
import { arrange, find, html, setAttributes, setText } from './dom.ts'
import { formatBytes, formatCount, formatRate } from './format.ts'
import { verdictTitles } from './verdict.ts'

type Column = {
  readonly title: string
  readonly key: keyof Connection
  readonly text: (row: Connection) => string
  readonly isNumber?: boolean
}

const text = (value: string | number | null) => (value === null ? '–' : String(value))

const columns: readonly Column[] = [
  { title: 'Namespace', key: 'namespace', text: row => text(row.namespace) },
  { title: 'Pod', key: 'pod', text: row => text(row.pod) },
  { title: 'Container', key: 'container', text: row => text(row.container) },
  { title: 'Node', key: 'node', text: row => text(row.node) },
  { title: 'Role', key: 'role', text: row => text(row.role) },
  { title: 'Verdict', key: 'verdict', text: verdictText },
  { title: 'Place', key: 'city', text: placeText },
  { title: 'Address', key: 'address', text: addressText },
  { title: 'Network', key: 'asOrganization', text: networkText },
  { title: 'Port', key: 'port', text: row => text(row.port), isNumber: true },
  {
    title: 'Sent/s',
    key: 'sentPerSecond',
    text: row => formatRate(row.sentPerSecond),
    isNumber: true,
  },
  {
    title: 'Received/s',
    key: 'receivedPerSecond',
    text: row => formatRate(row.receivedPerSecond),
    isNumber: true,
  },
  { title: 'Sent', key: 'bytesSent', text: row => formatBytes(row.bytesSent), isNumber: true },
  {
    title: 'Received',
    key: 'bytesReceived',
    text: row => formatBytes(row.bytesReceived),
    isNumber: true,
  },
]

// Thousands of rows are seldom read and always cost; one press shows them all.
const fewRows = 200

export type ConnectionTable = {
  readonly show: (rows: readonly Connection[], sort: string) => void
}

/** The table of the page. `onSort` hears the new order, `onMore` that all rows are wanted. */
export function connectionTable(
  onSort: (sort: string) => void,
  onMore: () => void,
): ConnectionTable {
  const body = find('tbody', HTMLTableSectionElement)
  const more = find('#more', HTMLButtonElement)
  const elements = new Map<string, HTMLTableRowElement>()
  let sorted = ''
  let isWhole = false

  const headers = columns.map(({ title, key, isNumber }) => {
    const button = html('button', { type: 'button' }, title)
    // Numbers are looked at from the top, names from A.
    const first = isNumber ? `-${key}` : key
    const second = isNumber ? key : `-${key}`
    button.addEventListener('click', () => onSort(sorted === first ? second : first))
    return html('th', { scope: 'col', class: classOf(key, isNumber) }, button)
  })
  find('thead', HTMLTableSectionElement).append(html('tr', {}, ...headers))
  more.addEventListener('click', () => {
    isWhole = true
    onMore()
  })

  return {
    show: (rows, sort) => {
      sorted = sort
      headers.forEach((header, index) => {
        const isThis = sort.replace('-', '') === columns[index]?.key
        const order = sort.startsWith('-') ? 'descending' : 'ascending'
        setAttributes(header, { 'aria-sort': isThis ? order : 'none' })
      })
      const visible = sortRows(rows, sort).slice(0, isWhole ? rows.length : fewRows)
      const keys = new Set(visible.map(rowKey))
      for (const key of elements.keys()) if (!keys.has(key)) elements.delete(key)
      arrange(
        body,
        visible.map(row => {
          const element = elements.get(rowKey(row)) ?? newRow()
          elements.set(rowKey(row), element)
          columns.forEach((column, index) => {
            const cell = element.cells[index]
            if (cell) setText(cell, column.text(row))
            if (cell && column.key === 'verdict') {
              setAttributes(cell, { class: `judged verdict ${row.verdict}` })
            }
          })
          return element
        }),
      )
      more.hidden = visible.length === rows.length
      setText(more, `Show all ${formatCount(rows.length, 'connection')}`)
    },
  }
}

/** Sorted by a column, `-` first for the largest first; equal rows keep a fixed order. */
export function sortRows(rows: readonly Connection[], sort: string): Connection[] {
  const column = columns.find(({ key }) => key === sort.replace('-', ''))
  const direction = sort.startsWith('-') ? -1 : 1
  return rows.toSorted(
    (a, b) =>
      (column ? direction * compare(a[column.key], b[column.key]) : 0) ||
      b.bytesSent + b.bytesReceived - a.bytesSent - a.bytesReceived ||
      rowKey(a).localeCompare(rowKey(b)),
  )
}

function compare(a: Connection[keyof Connection], b: Connection[keyof Connection]): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  if (a === null || b === null) return Number(a === null) - Number(b === null)
  return String(a).localeCompare(String(b), 'en', { numeric: true })
}

function newRow(): HTMLTableRowElement {
  return html(
    'tr',
    {},
    ...columns.map(({ key, isNumber }) =>
      html('td', { class: `${key} ${classOf(key, isNumber)}` }),
    ),
  )
}

function rowKey(row: Connection): string {
  const { namespace, pod, container, node, role, address, port } = row
  return JSON.stringify([namespace, pod, container, node, role, address, port])
}

function placeText(row: Connection): string {
  const parts = [row.city ?? row.region, row.countryName ?? row.country].filter(Boolean)
  return parts.length > 0 ? parts.join(', ') : '–'
}

/** Columns of verdicts are there only while somebody judges. */
function classOf(key: keyof Connection, isNumber = false): string {
  return isNumber ? 'number' : key === 'verdict' ? 'judged' : ''
}

function verdictText({ verdict, violates }: Connection): string {
  return [verdictTitles[verdict], violates.join(', ')].filter(Boolean).join(': ')
}

function networkText({ asNumber, asOrganization }: Connection): string {
  return asOrganization ?? (asNumber === null ? '–' : `AS${asNumber}`)
}

function addressText(row: Connection): string {
  return row.address === 'other' ? 'other (folded)' : row.address
}
