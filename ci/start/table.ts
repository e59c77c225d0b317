import { styleText } from 'node:util'
import { isLoopback, type Row } from './connections.ts'

export type TableOptions = {
  /** Columns of the terminal. */
  readonly width: number
  /** Lines the table may have. */
  readonly height: number
  readonly hasColour: boolean
}

type Column = { readonly title: string; readonly cell: (row: Row) => string }

const words: readonly Column[] = [
  { title: 'WHO', cell: whoOf },
  { title: 'WHERE', cell: whereOf },
  { title: 'PLACE', cell: placeOf },
]
const rates: readonly Column[] = [
  { title: 'SENT/s', cell: row => rate(row.sentPerSecond) },
  { title: 'RECV/s', cell: row => rate(row.receivedPerSecond) },
]
const totals: readonly Column[] = [
  { title: 'SENT', cell: row => bytes(row.bytesSent) },
  { title: 'RECEIVED', cell: row => bytes(row.bytesReceived) },
]
const numberWidth = 9
const gap = '  '
const widthForTotals = 96

/** Lines no wider than the terminal, the fastest row first; the last says how many did not fit. */
export function tableLines(rows: readonly Row[], options: TableOptions): string[] {
  const { width, height, hasColour } = options
  const numbers = width < widthForTotals ? rates : [...rates, ...totals]
  const sorted = rows.toSorted(bySpeed)
  const room = Math.max(1, height - 1)
  const shown = sorted.length > room ? sorted.slice(0, room - 1) : sorted
  const widths = wordWidths(shown, width - numbers.length * (numberWidth + gap.length))
  const line = (text: (column: Column) => string) =>
    [
      ...words.map((column, index) => padEnd(text(column), widths[index] ?? 0)),
      ...numbers.map(column => text(column).padStart(numberWidth)),
    ].join(gap)
  const paint = (format: 'bold' | 'dim', text: string) =>
    hasColour ? styleText(format, text, { validateStream: false }) : text
  const header = line(({ title }) => title)
  const body = shown.map(row => {
    const text = line(({ cell }) => cell(row))
    return speedOf(row) === 0 ? paint('dim', text) : text
  })
  const hidden = sorted.length - shown.length
  const rest = hidden === 0 ? [] : [paint('dim', fit(`… and ${hidden} slower ones`, width))]
  return [paint('bold', header), ...body, ...rest]
}

/** The same for the same row in every reading. */
export function rowKey(row: Row): string {
  return `${whoOf(row)} ${whereOf(row)}`
}

/** One line for a row, for output that is read line by line and not redrawn. */
export function rowLine(row: Row): string {
  const speed = `sent ${bytes(row.sentPerSecond)}/s, received ${bytes(row.receivedPerSecond)}/s`
  return `${whoOf(row)} ${whereOf(row)}  ${placeOf(row)}  ${speed}`
}

/** Bytes as people read them, in powers of 1,000: `0 B`, `999 B`, `1.0 kB`, `12.3 MB`. */
export function bytes(amount: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
  let scaled = amount
  let unit = 0
  // 999.95 would be printed as 1000.0.
  while (scaled >= (unit === 0 ? 999.5 : 999.95) && unit < units.length - 1) {
    scaled /= 1_000
    unit++
  }
  return `${scaled.toFixed(unit === 0 ? 0 : 1)} ${units[unit]}`
}

/** The row as people name it; the root cgroup has no name. */
function whoOf({ namespace, pod, container }: Row): string {
  const names = [namespace, pod, container].filter(name => name !== null && name !== '')
  return names.length === 0 ? '(no unit)' : printable(names.join('/'))
}

/** The service's address; the arrow points away from who opened the connection. */
function whereOf({ role, address, port }: Row): string {
  const host = address.includes(':') ? `[${address}]` : address
  const arrow = role === 'server' ? '←' : '→'
  return printable(`${arrow} ${host}${port === null ? '' : `:${port}`}`)
}

function placeOf({ city, country, countryName, address }: Row): string {
  const names = [city, countryName ?? country].filter(name => name !== null && name !== '')
  if (names.length > 0) return printable(names.join(', '))
  return isLoopback(address) ? 'this machine' : 'no place known'
}

function rate(bytesPerSecond: number): string {
  return bytesPerSecond === 0 ? '–' : bytes(bytesPerSecond)
}

/** For sorting: the fastest first, then the largest. */
export function bySpeed(a: Row, b: Row): number {
  return (
    speedOf(b) - speedOf(a) ||
    b.bytesSent + b.bytesReceived - (a.bytesSent + a.bytesReceived) ||
    // Quiet rows of equal size keep their place from one drawing to the next.
    (whereOf(a) < whereOf(b) ? -1 : 1)
  )
}

function speedOf(row: Row): number {
  return row.sentPerSecond + row.receivedPerSecond
}

/** As wide as the words need; where `room` is too small for that, the widest column gives way. */
function wordWidths(rows: readonly Row[], room: number): number[] {
  const widths = words.map(({ title, cell }) =>
    Math.max(title.length, ...rows.map(row => lengthOf(cell(row)))),
  )
  const needed = widths.reduce((sum, width) => sum + width, (words.length - 1) * gap.length)
  for (let excess = needed - room; excess > 0; excess--) {
    const widest = widths.indexOf(Math.max(...widths))
    widths[widest] = Math.max(1, (widths[widest] ?? 0) - 1)
  }
  return widths
}

function padEnd(text: string, width: number): string {
  const fitting = fit(text, width)
  return fitting + ' '.repeat(width - lengthOf(fitting))
}

function lengthOf(text: string): number {
  return Array.from(text).length
}

/** Cuts to `width` characters, with a sign that it did. */
export function fit(text: string, width: number): string {
  const characters = Array.from(text)
  return characters.length <= width ? text : `${characters.slice(0, width - 1).join('')}…`
}

/** Names come from outside; none may steer the terminal. */
function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, '?')
}
