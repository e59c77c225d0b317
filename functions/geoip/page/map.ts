import { geoGraticule10, geoNaturalEarth1, geoPath } from 'd3-geo'
import { feature, mesh } from 'topojson-client'
import type { GeometryCollection, Topology } from 'topojson-specification'
import world from 'world-atlas/countries-110m.json' with { type: 'json' }
import { arrange, find, html, setAttributes, setText, svg } from './dom.ts'
import { formatBytes, formatCount, formatRate } from './format.ts'
import { measured } from './places.ts'
import type { Dot } from './places.ts'
import type { View } from './view.ts'

const largestRadius = 24
const smallestRadius = 3
const sphere = { type: 'Sphere' } as const

export type WorldMap = {
  /** `dots` come largest first; `picked` is the key of the place the table shows alone. */
  readonly show: (dots: readonly Dot[], view: View) => void
}

/** The map of the page. `onPick` hears the key of the place that was clicked or chosen by key. */
export function worldMap(onPick: (key: string) => void): WorldMap {
  const projection = geoNaturalEarth1().fitExtent(
    [
      [4, 4],
      [956, 496],
    ],
    sphere,
  )
  const root = find('#map', SVGSVGElement)
  const places = svg('g', { class: 'dots' })
  root.append(land(projection), places)
  const tooltip = placeTooltip(root)
  const elements = new Map<string, SVGGElement>()
  let shown: readonly Dot[] = []

  places.addEventListener('click', event => {
    const key = keyOf(event.target)
    if (key !== undefined) onPick(key)
  })
  places.addEventListener('keydown', event => {
    const index = shown.findIndex(({ key }) => key === keyOf(event.target))
    if (index < 0) return
    const next = nextIndex(event.key, index, shown.length)
    if (next !== undefined) focusDot(next)
    else if (event.key === 'Enter' || event.key === ' ') onPick(shown[index]?.key ?? '')
    else if (event.key === 'Escape') onPick('')
    else return
    event.preventDefault()
  })
  for (const [start, end] of [
    ['pointerover', 'pointerout'],
    ['focusin', 'focusout'],
  ] as const) {
    places.addEventListener(start, event => {
      const dot = shown.find(({ key }) => key === keyOf(event.target))
      if (dot) tooltip.show(dot, positionOf(dot))
    })
    places.addEventListener(end, tooltip.hide)
  }

  return {
    show: (dots, view) => {
      shown = dots
      const largest = Math.max(0, ...dots.map(dot => measured(dot, view.measure)))
      for (const key of elements.keys()) {
        if (!dots.some(dot => dot.key === key)) elements.delete(key)
      }
      const current = dots.map((dot, index) => {
        const element = elements.get(dot.key) ?? newDot(dot.key)
        elements.set(dot.key, element)
        const radius = radiusOf(measured(dot, view.measure), largest)
        place(element, positionOf(dot), radius)
        setAttributes(element, {
          'aria-label': describe(dot),
          'aria-selected': String(dot.key === view.place),
          class: dot.sentPerSecond + dot.receivedPerSecond > 0 ? 'dot live' : 'dot',
        })
        if (!element.hasAttribute('tabindex')) setAttributes(element, { tabindex: index ? -1 : 0 })
        return element
      })
      // One stop of the tab key for all dots; the arrow keys move among them.
      if (!current.some(element => element.getAttribute('tabindex') === '0')) {
        current[0]?.setAttribute('tabindex', '0')
      }
      setListbox(places, current.length > 0)
      setAttributes(root, {
        'data-measure': view.measure,
        'data-picked': String(view.place !== ''),
      })
      arrange(places, current)
      showLegend(largest)
    },
  }

  function positionOf({ longitude, latitude }: Dot): [number, number] {
    return projection([longitude, latitude]) ?? [0, 0]
  }

  function focusDot(index: number): void {
    for (const element of elements.values()) setAttributes(element, { tabindex: -1 })
    const element = elements.get(shown[index]?.key ?? '')
    element?.setAttribute('tabindex', '0')
    element?.focus({ preventScroll: true })
  }
}

/** The area of a dot grows with its bytes, above the size that can still be seen. */
export function radiusOf(bytes: number, largest: number): number {
  if (!(largest > 0)) return smallestRadius
  return Math.max(smallestRadius, largestRadius * Math.sqrt(bytes / largest))
}

function land(projection: ReturnType<typeof geoNaturalEarth1>): SVGGElement {
  const path = geoPath(projection).digits(1)
  const topology = world as unknown as Topology<{ countries: GeometryCollection }>
  const { countries } = topology.objects
  const borders = mesh(topology, countries, (a, b) => a !== b)
  return svg(
    'g',
    { 'aria-hidden': 'true' },
    svg('path', { class: 'ocean', d: path(sphere) ?? '' }),
    svg('path', { class: 'graticule', d: path(geoGraticule10()) ?? '' }),
    svg('path', { class: 'land', d: path(feature(topology, countries)) ?? '' }),
    svg('path', { class: 'borders', d: path(borders) ?? '' }),
  )
}

function newDot(key: string): SVGGElement {
  const halo = svg('circle', { class: 'halo' })
  return svg(
    'g',
    { role: 'option', 'data-key': key },
    halo,
    svg('circle', { class: 'core' }),
    svg('circle', { class: 'centre', r: 1.6 }),
  )
}

function place(element: SVGGElement, [x, y]: [number, number], radius: number): void {
  setAttributes(element, { transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})` })
  const [halo, core] = element.children
  if (halo) setAttributes(halo, { r: (radius + 4).toFixed(2) })
  if (core) setAttributes(core, { r: radius.toFixed(2) })
}

/** A listbox must hold an option; without dots the group is nothing but a group. */
function setListbox(places: SVGGElement, hasDots: boolean): void {
  if (hasDots) {
    setAttributes(places, {
      role: 'listbox',
      'aria-label': 'Places, largest first. Arrow keys move, Enter shows one alone in the table',
    })
  } else {
    places.removeAttribute('role')
    places.removeAttribute('aria-label')
  }
}

function describe(dot: Dot): string {
  const where = [dot.name, dot.countryName ?? dot.country].filter(Boolean).join(', ')
  const bytes = `sent ${formatBytes(dot.bytesSent)}, received ${formatBytes(dot.bytesReceived)}`
  return `${where}: ${bytes}, ${formatCount(dot.connections, 'connection')}`
}

function placeTooltip(root: SVGSVGElement) {
  const tooltip = find('#tooltip', HTMLElement)
  const title = html('strong')
  const lines = [html('span'), html('span'), html('span')] as const
  tooltip.append(title, ...lines)
  return {
    show: (dot: Dot, [x, y]: [number, number]) => {
      setText(title, [dot.name, dot.countryName ?? dot.country].filter(Boolean).join(', '))
      setText(lines[0], `sent ${formatBytes(dot.bytesSent)} · ${formatRate(dot.sentPerSecond)}`)
      setText(
        lines[1],
        `received ${formatBytes(dot.bytesReceived)} · ${formatRate(dot.receivedPerSecond)}`,
      )
      setText(lines[2], formatCount(dot.connections, 'connection'))
      const matrix = root.getScreenCTM()
      const outer = root.parentElement?.getBoundingClientRect()
      if (!matrix || !outer) return
      const point = new DOMPoint(x, y).matrixTransform(matrix)
      tooltip.style.left = `${point.x - outer.left}px`
      tooltip.style.top = `${point.y - outer.top}px`
      tooltip.classList.toggle('below', point.y - outer.top < 120)
      tooltip.hidden = false
    },
    hide: () => {
      tooltip.hidden = true
    },
  }
}

function showLegend(largest: number): void {
  const legend = find('#legend', HTMLElement)
  const steps = largest > 0 ? [largest, largest / 4, largest / 16] : []
  const size = largestRadius * 2 + 4
  const circles = steps.map(bytes => {
    const radius = radiusOf(bytes, largest)
    const middle = size / 2
    const icon = svg('svg', { viewBox: `0 0 ${size} ${size}`, width: size, height: size })
    icon.append(svg('circle', { cx: middle, cy: size - 2 - radius, r: radius }))
    return html('span', {}, icon, formatBytes(bytes))
  })
  legend.replaceChildren(...circles)
}

function keyOf(target: EventTarget | null): string | undefined {
  if (!(target instanceof Element)) return undefined
  return target.closest('[data-key]')?.getAttribute('data-key') ?? undefined
}

function nextIndex(key: string, index: number, count: number): number | undefined {
  if (key === 'ArrowRight' || key === 'ArrowDown') return (index + 1) % count
  if (key === 'ArrowLeft' || key === 'ArrowUp') return (index - 1 + count) % count
  if (key === 'Home') return 0
  if (key === 'End') return count - 1
  return undefined
}
