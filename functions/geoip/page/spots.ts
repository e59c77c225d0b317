import { measured } from './places.ts'
import type { Dot, Measure } from './places.ts'

/** A dot where it lies on the map, in the units of its view box. */
export type Spot = {
  readonly dot: Dot
  readonly x: number
  readonly y: number
  readonly radius: number
}

export const mapWidth = 960
export const mapHeight = 500
export const largestRadius = 24
const smallestRadius = 3

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

export function largestOf(dots: readonly Dot[], measure: Measure): number {
  return dots.reduce((most, dot) => Math.max(most, measured(dot, measure)), 0)
}

/** The area of a dot grows with its bytes, above the size that can still be seen. */
export function radiusOf(bytes: number, largest: number): number {
  if (!(largest > 0)) return smallestRadius
  return Math.max(smallestRadius, largestRadius * Math.sqrt(bytes / largest))
}
