import { geoGraticule10, geoNaturalEarth1, geoPath } from 'd3-geo'
import type { GeoPermissibleObjects } from 'd3-geo'
import { feature, mesh } from 'topojson-client'
import world from 'world-atlas/countries-110m.json'
import { mapHeight, mapWidth } from './spots.ts'

/** From degrees to the units of the map as a whole. */
export const projection = geoNaturalEarth1()
  .fitSize([mapWidth, mapHeight], { type: 'Sphere' })
  // Arcs stay round when the map is near.
  .precision(0.05)

const path = geoPath(projection).digits(2)

/** A shape on Earth in map units. */
export function shapeOf(object: GeoPermissibleObjects): Path2D {
  return new Path2D(path(object) ?? '')
}

/** What lies under the dots, in map units. */
export function landShapes() {
  const { countries } = world.objects
  return {
    ocean: shapeOf({ type: 'Sphere' }),
    graticule: shapeOf(geoGraticule10()),
    land: shapeOf(feature(world, countries)),
    borders: shapeOf(mesh(world, countries, (a, b) => a !== b)),
  }
}
