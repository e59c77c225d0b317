import type { WriteStream } from 'node:tty'
import type { Connections, Row } from './connections.ts'
import { reach, select } from './summary.ts'
import { fit, rowKey, rowLine, tableLines } from './table.ts'

export type Display = {
  /** Shows these connections instead of those before. */
  readonly show: (connections: Connections, elapsedMs: number) => void
  /** Leaves the last state behind. */
  readonly end: () => void
}

export type DisplayOptions = {
  readonly page: string
  /** Container whose rows are left out. */
  readonly farEnds: string | undefined
  readonly output: Pick<WriteStream, 'isTTY' | 'columns' | 'rows' | 'getColorDepth'> & {
    readonly write: (text: string) => boolean
  }
}

const tableEveryMs = 30_000
const plainSize = { width: 120, height: 40, hasColour: false }

/** On a terminal one table, drawn over itself; else a line for each new row, and the table at times. */
export function openDisplay(options: DisplayOptions): Display {
  return options.output.isTTY ? liveTable(options) : growingLog(options)
}

function liveTable({ page, farEnds, output }: DisplayOptions): Display {
  let drawn = 0
  return {
    show: (connections, elapsedMs) => {
      const { rows, notes } = select(connections, farEnds)
      const { columns: width, rows: screen } = output
      // NO_COLOR and dumb terminals have a depth of one bit.
      const hasColour = output.getColorDepth() > 1
      // Besides the table: the headline, two empty lines, the notes, and where the cursor stands.
      const height = screen - notes.length - 4
      const table = tableLines(rows, { width, height, hasColour })
      const head = fit(headline(page, rows, elapsedMs), width)
      const lines = [head, '', ...table, '', ...notes.map(note => fit(note, width))]
      const home = drawn === 0 ? '' : `\u001b[${drawn}A\u001b[J`
      output.write(home + lines.map(line => `${line}\n`).join(''))
      drawn = lines.length
    },
    end: () => {},
  }
}

function growingLog({ page, farEnds, output }: DisplayOptions): Display {
  const known = new Set<string>()
  let table: readonly string[] = []
  let nextTableMs = tableEveryMs
  return {
    show: (connections, elapsedMs) => {
      const { rows, notes } = select(connections, farEnds)
      const fresh = rows.filter(row => !known.has(rowKey(row)))
      for (const row of fresh) {
        known.add(rowKey(row))
        output.write(`new: ${rowLine(row)}\n`)
      }
      table = [headline(page, rows, elapsedMs), ...tableLines(rows, plainSize), ...notes]
      if (elapsedMs < nextTableMs) return
      nextTableMs += tableEveryMs
      output.write(`${table.join('\n')}\n`)
    },
    end: () => void output.write(`${table.join('\n')}\n`),
  }
}

function headline(page: string, rows: readonly Row[], elapsedMs: number): string {
  const { places, countries } = reach(rows)
  const reached = `${count(places, 'place', 'places')} in ${count(countries, 'country', 'countries')}`
  return `${page}  ${reached}, ${Math.round(elapsedMs / 1_000)} s`
}

function count(amount: number, one: string, many: string): string {
  return `${amount} ${amount === 1 ? one : many}`
}
