import type { Spread } from './spread.ts'

/** One goal and what was measured: a line of JSON, and a row of the table. */
export type Result = {
  readonly bench: string
  readonly metric: string
  readonly unit: string
  readonly measured: number
  readonly goal: { readonly atMost: number } | { readonly atLeast: number }
  /** What physics leaves, where it is known. */
  readonly limit: string
  readonly spread?: Spread
  /** The baseline against itself. A difference below it says nothing. */
  readonly noise?: Spread
  readonly details: Readonly<Record<string, unknown>>
}

export type BenchOptions = {
  /** Only as much as shows that all answers are equal; the times then say nothing. */
  readonly isSmall: boolean
  readonly print: (result: Result) => void
}

export type Bench = (options: BenchOptions) => Promise<void>

export function isMet({ measured, goal }: Pick<Result, 'measured' | 'goal'>): boolean {
  return 'atMost' in goal ? measured <= goal.atMost : measured >= goal.atLeast
}
