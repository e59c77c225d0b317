import { geoGraticule10, geoPath } from 'd3-geo'
import type { GeoProjection } from 'd3-geo'
import { feature, mesh } from 'topojson-client'
import world from 'world-atlas/countries-110m.json'
import { svg } from './dom.ts'

/** The ocean, a grid of ten degrees, land and borders: what lies under the dots. */
export function landShapes(projection: GeoProjection): SVGGElement {
  const path = geoPath(projection).digits(1)
  const { countries } = world.objects
  const borders = mesh(world, countries, (a, b) => a !== b)
  return svg(
    'g',
    { 'aria-hidden': 'true' },
    oceanLight(),
    svg('path', { class: 'ocean', d: path({ type: 'Sphere' }) ?? '' }),
    svg('path', { class: 'graticule', d: path(geoGraticule10()) ?? '' }),
    svg('path', { class: 'land', d: path(feature(world, countries)) ?? '' }),
    svg('path', { class: 'borders', d: path(borders) ?? '' }),
  )
}

/** Brighter in the middle, as a globe is; the colours are in the style sheet. */
function oceanLight(): SVGElement {
  return svg(
    'radialGradient',
    { id: 'ocean', cy: '42%', r: '62%' },
    svg('stop', { class: 'near', offset: 0 }),
    svg('stop', { class: 'far', offset: 1 }),
  )
}
