import { styleText } from 'node:util'
import { isLoopback, type Row } from './connections.ts'

export type TableOptions = {
  /** Columns of the terminal. */
  readonly width: number
  /** Lines the table may have. */
  readonly height: number
  readonly hasColour: boolean
}

type Column = {
  readonly title: string
  readonly cell: (row: Row) => string
  /** Share of the room that the numbers leave; absent: a number, aligned right. */
  readonly share?: number
}

const numberWidth = 10
const gap = 2

const who: Column = { title: 'WHO', cell: whoOf, share: 4 }
const where: Column = { title: 'WHERE', cell: whereOf, share: 4 }
const place: Column = { title: 'PLACE', cell: placeOf, share: 5 }
const rates: readonly Column[] = [
  { title: 'SENT/s', cell: row => rate(row.sentPerSecond) },
  { title: 'RECV/s', cell: row => rate(row.receivedPerSecond) },
]
const totals: readonly Column[] = [
  { title: 'SENT', cell: row => bytes(row.bytesSent) },
  { title: 'RECEIVED', cell: row => bytes(row.bytesReceived) },
]

/** Lines no wider than the terminal, the fastest row first; the last says how many did not fit. */
export function tableLines(rows: readonly Row[], options: TableOptions): string[] {
  const { width, height, hasColour } = options
  const words = [who, where, place]
  const columns = width < 96 ? [...words, ...rates] : [...words, ...rates, ...totals]
  const widths = columnWidths(columns, width)
  const sorted = rows.toSorted(bySpeed)
  const room = Math.max(1, height - 1)
  const shown = sorted.length > room ? sorted.slice(0, room - 1) : sorted
  const paint = (format: 'bold' | 'dim', text: string) =>
    hasColour ? styleText(format, text, { validateStream: false }) : text
  const lines = [
    paint(
      'bold',
      alignedLine(columns, widths, ({ title }) => title),
    ),
  ]
  for (const row of shown) {
    const text = alignedLine(columns, widths, ({ cell }) => cell(row))
    lines.push(speedOf(row) === 0 ? paint('dim', text) : text)
  }
  const hidden = sorted.length - shown.length
  return hidden === 0 ? lines : [...lines, paint('dim', fit(`… and ${hidden} slower ones`, width))]
}

/** The same for the same row in every reading. */
export function rowKey(row: Row): string {
  return `${whoOf(row)} ${whereOf(row)}`
}

/** One line for a row, for output that is read line by line and not redrawn. */
export function rowLine(row: Row): string {
  const speed = `sent ${rate(row.sentPerSecond)}, received ${rate(row.receivedPerSecond)}`
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

function bySpeed(a: Row, b: Row): number {
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

function columnWidths(columns: readonly Column[], width: number): number[] {
  const numbers = columns.filter(({ share }) => share === undefined).length
  const shares = columns.reduce((sum, { share = 0 }) => sum + share, 0)
  const room = Math.max(shares, width - numbers * numberWidth - (columns.length - 1) * gap)
  const rest = Math.floor(room / shares)
  return columns.map(({ share }) => (share === undefined ? numberWidth : share * rest))
}

function alignedLine(
  columns: readonly Column[],
  widths: readonly number[],
  text: (column: Column) => string,
): string {
  const cells = columns.map((column, index) => {
    const width = widths[index] ?? numberWidth
    const cell = fit(text(column), width)
    return column.share === undefined ? cell.padStart(width) : cell.padEnd(width)
  })
  return cells.join(' '.repeat(gap)).trimEnd()
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
