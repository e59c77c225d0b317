import { geoNaturalEarth1 } from 'd3-geo'
import { arrange, find, setAttributes, svg } from './dom.ts'
import { landShapes } from './land.ts'
import { showLegend } from './legend.ts'
import type { Dot } from './places.ts'
import { namesOf } from './spot-names.ts'
import { largestOf, mapHeight, mapWidth, spotsOf } from './spots.ts'
import type { Spot } from './spots.ts'
import { describe, placeTooltip } from './tooltip.ts'
import type { View } from './view.ts'

export type WorldMap = {
  /** `dots` come largest first, so that small ones are drawn over them. */
  readonly show: (dots: readonly Dot[], view: View) => void
}

const margin = 4

/** The map of the page. `onPick` hears the key of the place that was clicked or chosen by key. */
export function worldMap(onPick: (key: string) => void): WorldMap {
  const corners: [[number, number], [number, number]] = [
    [margin, margin],
    [mapWidth - margin, mapHeight - margin],
  ]
  const projection = geoNaturalEarth1().fitExtent(corners, { type: 'Sphere' })
  const root = find('#map', SVGSVGElement)
  const group = svg('g', { class: 'dots' })
  const names = svg('g', { class: 'names', 'aria-hidden': 'true' })
  root.append(landShapes(projection), group, names)

  const tooltip = placeTooltip(root)
  const elements = new Map<string, SVGGElement>()
  let spots: readonly Spot[] = []

  group.addEventListener('click', event => {
    const spot = spotOf(event.target)
    if (spot) onPick(spot.dot.key)
  })
  group.addEventListener('keydown', event => {
    const spot = spotOf(event.target)
    if (!spot) return
    const next = nextIndex(event.key, spots.indexOf(spot), spots.length)
    if (next !== undefined) moveFocus(next)
    else if (event.key === 'Enter' || event.key === ' ') onPick(spot.dot.key)
    else if (event.key === 'Escape') onPick('')
    else return
    event.preventDefault()
  })
  // Not on the group: Chromium puts SVG elements that listen for focus into the tab order.
  const panel = root.parentElement
  for (const start of ['pointerover', 'focusin']) {
    panel?.addEventListener(start, event => {
      const spot = spotOf(event.target)
      if (spot) tooltip.show(spot)
    })
  }
  for (const end of ['pointerout', 'focusout']) panel?.addEventListener(end, tooltip.hide)

  return {
    show: (dots, view) => {
      spots = spotsOf(dots, view.measure, projection)
      const keys = new Set(spots.map(({ dot }) => dot.key))
      for (const key of elements.keys()) if (!keys.has(key)) elements.delete(key)
      for (const spot of spots) {
        const element = elements.get(spot.dot.key) ?? newDot(spot.dot.key)
        elements.set(spot.dot.key, element)
        fill(element, spot, view)
      }
      setListbox(group, spots.length > 0)
      setAttributes(root, {
        'data-measure': view.measure,
        'data-picked': String(view.place !== ''),
      })
      arrange(group, elementsInOrder())
      // One stop of the tab key for all dots; the arrow keys move among them.
      if (!group.querySelector('[tabindex="0"]'))
        group.firstElementChild?.setAttribute('tabindex', '0')
      names.replaceChildren(...namesOf(spots))
      showLegend(largestOf(dots, view.measure))
    },
  }

  function elementsInOrder(): SVGGElement[] {
    return spots.flatMap(({ dot }) => elements.get(dot.key) ?? [])
  }

  function spotOf(target: EventTarget | null): Spot | undefined {
    const key = target instanceof Element && target.closest('[data-key]')?.getAttribute('data-key')
    return spots.find(({ dot }) => dot.key === key)
  }

  function moveFocus(index: number): void {
    elementsInOrder().forEach((element, other) => {
      setAttributes(element, { tabindex: other === index ? 0 : -1 })
      if (other === index) element.focus({ preventScroll: true })
    })
  }
}

function newDot(key: string): SVGGElement {
  return svg(
    'g',
    { role: 'option', 'data-key': key, tabindex: -1 },
    svg('circle', { class: 'halo' }),
    svg('circle', { class: 'core' }),
    svg('circle', { class: 'centre', r: 1.6 }),
  )
}

function fill(element: SVGGElement, { dot, x, y, radius }: Spot, view: View): void {
  const isLive = dot.sentPerSecond + dot.receivedPerSecond > 0
  setAttributes(element, {
    transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`,
    'aria-label': describe(dot),
    'aria-selected': String(dot.key === view.place),
    class: isLive ? 'dot live' : 'dot',
  })
  const [halo, core] = element.children
  if (halo) setAttributes(halo, { r: (radius + margin).toFixed(2) })
  if (core) setAttributes(core, { r: radius.toFixed(2) })
}

/** A listbox must hold an option; without dots the group is nothing but a group. */
function setListbox(group: SVGGElement, hasDots: boolean): void {
  if (hasDots) {
    setAttributes(group, {
      role: 'listbox',
      'aria-label': 'Places, largest first. Arrow keys move, Enter shows one alone in the table',
    })
  } else {
    group.removeAttribute('role')
    group.removeAttribute('aria-label')
  }
}

function nextIndex(key: string, index: number, count: number): number | undefined {
  if (key === 'ArrowRight' || key === 'ArrowDown') return (index + 1) % count
  if (key === 'ArrowLeft' || key === 'ArrowUp') return (index - 1 + count) % count
  if (key === 'Home') return 0
  if (key === 'End') return count - 1
  return undefined
}
