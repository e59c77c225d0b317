export type Spread = {
  readonly median: number
  readonly min: number
  readonly lowerQuartile: number
  readonly upperQuartile: number
}

/** The median and where half of the measurements lie. `measurements` must not be empty. */
export function spreadOf(measurements: readonly number[]): Spread {
  const sorted = measurements.toSorted((left, right) => left - right)
  const at = (share: number) => {
    const position = share * (sorted.length - 1)
    const below = sorted[Math.floor(position)] ?? Number.NaN
    const above = sorted[Math.ceil(position)] ?? Number.NaN
    return below + (above - below) * (position - Math.floor(position))
  }
  return { median: at(0.5), min: at(0), lowerQuartile: at(0.25), upperQuartile: at(0.75) }
}

/** The median of every other measurement over that of the rest: what differs though nothing changed. */
export function oddAgainstEven(measurements: readonly number[]): number {
  const [even = Number.NaN, odd = Number.NaN] = [0, 1].map(
    half =>
      spreadOf(measurements.filter((_, index) => index % 2 === half || measurements.length === 1))
        .median,
  )
  return odd / even
}
