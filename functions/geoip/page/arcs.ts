import type { Location } from '../location.ts'
import { projection, shapeOf } from './land.ts'
import type { Spot } from './spots.ts'

// Below the largest ones, arcs are a web in which nothing can be told apart.
const mostArcs = 150

/** Great circles from the cluster to the largest places, in map units; small ones first, under the others. */
export function arcsOf(spots: readonly Spot[], cluster: Location | null) {
  if (!cluster) return []
  const home = [cluster.longitude, cluster.latitude]
  return spots
    .slice(0, mostArcs)
    .toReversed()
    .map(spot => ({
      spot,
      shape: shapeOf({
        type: 'LineString',
        coordinates: [home, [spot.dot.longitude, spot.dot.latitude]],
      }),
    }))
}

/** Where the cluster lies on the map, in its units. */
export function homeOf(cluster: Location | null): readonly [number, number] | undefined {
  return (cluster && projection([cluster.longitude, cluster.latitude])) ?? undefined
}
