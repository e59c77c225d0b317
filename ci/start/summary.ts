import { isLoopback, type Connections, type Row } from './connections.ts'
import { bySpeed } from './table.ts'

export type Selection = {
  /** The fastest first. */
  readonly rows: readonly Row[]
  /** What is wrong or left out, and why, one line each. */
  readonly notes: readonly string[]
}

/** The rows worth a line: not loopback, and not the far ends that the demo keeps on this machine. */
export function select(connections: Connections, farEnds: string | undefined): Selection {
  const { problem, truncated, rows } = connections
  const elsewhere = rows.filter(({ address }) => !isLoopback(address))
  const ours = elsewhere.filter(({ container }) => container === null || container !== farEnds)
  const leftOut = [
    [rows.length - elsewhere.length, 'on loopback'],
    [elsewhere.length - ours.length, `of ${farEnds}, the far ends of the demo`],
    [truncated, 'with the fewest bytes'],
  ] as const
  const counted = leftOut.flatMap(([count, reason]) => (count > 0 ? [`${count} ${reason}`] : []))
  return {
    rows: ours.toSorted(bySpeed),
    notes: [
      ...(problem === null ? [] : [`problem: ${problem}`]),
      ...(counted.length === 0 ? [] : [`not shown: ${counted.join(', ')}`]),
    ],
  }
}

/** How many different spots and countries the rows reach. */
export function reach(rows: readonly Row[]): { places: number; countries: number } {
  const spots = rows.flatMap(({ latitude, longitude }) =>
    latitude === null ? [] : [`${latitude} ${longitude}`],
  )
  const countries = rows.flatMap(({ country }) => country ?? [])
  return { places: new Set(spots).size, countries: new Set(countries).size }
}

/** What `--json` prints, `seconds` after the table began. */
export function summary(page: string, seconds: number, rows: readonly Row[]) {
  return { page, seconds, rows, ...reach(rows) }
}
