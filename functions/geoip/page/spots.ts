import { measured } from './places.ts'
import type { Dot, Measure } from './places.ts'

/** A dot where it lies, in the units of the map as a whole. */
export type Spot = {
  readonly dot: Dot
  readonly x: number
  readonly y: number
  /** In pixels of the screen, however near the map is. */
  readonly radius: number
}

/** The map as a whole, in units of its own. */
export const mapWidth = 960
export const mapHeight = 500
export const largestRadius = 24
const smallestRadius = 3.5
/** As wide as a finger is sure of. */
const reach = 10

/** Where the dots lie and how large they are; `project` turns degrees into map units. */
export function spotsOf(
  dots: readonly Dot[],
  measure: Measure,
  project: (longitudeLatitude: [number, number]) => [number, number] | null,
): Spot[] {
  const largest = largestOf(dots, measure)
  return dots.flatMap(dot => {
    const point = project([dot.longitude, dot.latitude])
    if (!point) return []
    const [x, y] = point
    return [{ dot, x, y, radius: radiusOf(measured(dot, measure), largest) }]
  })
}

/** In which order spots are painted, one over the other, and named: the forbidden must not be missed. */
export function ordersOf(spots: readonly Spot[]) {
  const { forbidden = [], others = [] } = Object.groupBy(spots, ({ dot }) =>
    dot.verdict === 'forbidden' ? 'forbidden' : 'others',
  )
  return { painted: [...others, ...forbidden], named: [...forbidden, ...others] }
}

export function largestOf(dots: readonly Dot[], measure: Measure): number {
  return dots.reduce((most, dot) => Math.max(most, measured(dot, measure)), 0)
}

/** The area of a dot grows with its bytes, above the size that can still be seen. */
export function radiusOf(bytes: number, largest: number): number {
  if (!(largest > 0)) return smallestRadius
  return Math.max(smallestRadius, largestRadius * Math.sqrt(bytes / largest))
}

/**
 * The spot under a point of the screen: the nearest edge of those in reach, so that small dots within large
 * ones can be had. `toScreen` turns map units into pixels.
 */
export function spotAt(
  spots: readonly Spot[],
  toScreen: (x: number, y: number) => readonly [number, number],
  [left, top]: readonly [number, number],
): Spot | undefined {
  let best: Spot | undefined
  let least = Infinity
  for (const spot of spots) {
    const [x, y] = toScreen(spot.x, spot.y)
    const distance = Math.hypot(x - left, y - top)
    if (distance > Math.max(spot.radius, reach)) continue
    const rank = distance + spot.radius
    if (rank < least) [best, least] = [spot, rank]
  }
  return best
}
