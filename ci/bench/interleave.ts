import { spreadOf, type Spread } from './spread.ts'

/** Takes one measurement, such as the nanoseconds of a transaction. */
export type Measure = () => Promise<number>

export type Compared = {
  readonly value: Spread
  /** Of each measurement and the mean of the baseline's just before and just after it. */
  readonly ratio: Spread
  readonly added: Spread
}

type Comparison<Name extends string> = {
  readonly baseline: Spread
  /** The baseline against itself: what is less than this says nothing. */
  readonly noise: Compared
  readonly of: (name: Name) => Compared
}

/** Measures ways against a baseline in turns: off, a, off, b, off … and off, b, off, a, off. */
export async function interleave<Name extends string>(
  baseline: Measure,
  ways: Readonly<Record<Name, Measure>>,
  pairs: number,
): Promise<Comparison<Name>> {
  const itself = newSeries(baseline)
  const byName = new Map<string, Series>(
    Object.entries<Measure>(ways).map(([name, measure]) => [name, newSeries(measure)]),
  )
  const all = [itself, ...byName.values()]
  const off: number[] = []
  await baseline() // warms up
  for (let pair = 0; pair < pairs; pair++) {
    let before = await baseline()
    for (const series of pair % 2 === 0 ? all : all.toReversed()) {
      const value = await series.measure()
      const after = await baseline()
      series.add(value, (before + after) / 2)
      off.push(before)
      before = after
    }
  }
  const comparedBy = (name: Name) => {
    const series = byName.get(name)
    if (!series) throw new Error(`${name} was not measured`)
    return series.compared()
  }
  return { baseline: spreadOf(off), noise: itself.compared(), of: comparedBy }
}

type Series = ReturnType<typeof newSeries>

function newSeries(measure: Measure) {
  const values: number[] = []
  const ratios: number[] = []
  const added: number[] = []
  return {
    measure,
    add: (value: number, baseline: number) => {
      values.push(value)
      ratios.push(value / baseline)
      added.push(value - baseline)
    },
    compared: (): Compared => ({
      value: spreadOf(values),
      ratio: spreadOf(ratios),
      added: spreadOf(added),
    }),
  }
}
