import { arrange, find, html, setAttributes, setText } from './dom.ts'
import { formatCount, formatRate } from './format.ts'
import { measured } from './places.ts'
import type { Dot } from './places.ts'
import type { View } from './view.ts'

const mostPlaces = 10

/** The largest places as buttons beside the map. `onPick` hears the key of the pressed one. */
export function placeList(onPick: (key: string) => void) {
  const list = find('#places', HTMLOListElement)
  const note = find('#unplaced', HTMLElement)
  const items = new Map<string, HTMLLIElement>()

  list.addEventListener('click', event => {
    const key =
      event.target instanceof Element && event.target.closest('li')?.getAttribute('data-place')
    if (key) onPick(key)
  })

  return {
    /** `dots` come largest first; `unplaced` connections have no coordinates. */
    show: (dots: readonly Dot[], unplaced: number, view: View) => {
      const top = dots.slice(0, mostPlaces)
      const largest = Math.max(1, ...top.map(dot => measured(dot, view.measure)))
      for (const key of items.keys()) if (!top.some(dot => dot.key === key)) items.delete(key)
      arrange(
        list,
        top.map(dot => {
          const item = items.get(dot.key) ?? newItem(dot.key)
          items.set(dot.key, item)
          fill(item, dot, view, largest)
          return item
        }),
      )
      setText(
        note,
        unplaced > 0 ? `${formatCount(unplaced, 'connection')} without a place on the map` : '',
      )
    },
  }
}

function newItem(key: string): HTMLLIElement {
  const button = html(
    'button',
    { type: 'button' },
    html('span', { class: 'name' }),
    html('span', { class: 'country' }),
    html('span', { class: 'bytes' }),
    html('meter', { min: 0, 'aria-hidden': 'true' }),
  )
  return html('li', { 'data-place': key }, button)
}

function fill(item: HTMLLIElement, dot: Dot, view: View, largest: number): void {
  const [name, country, bytes] = item.querySelectorAll('span')
  if (name) {
    setText(name, dot.name)
    setAttributes(name, { class: `name verdict ${dot.verdict}` })
  }
  if (country) setText(country, dot.countryName ?? dot.country ?? '')
  if (bytes) setText(bytes, formatRate(measured(dot, view.measure)))
  const meter = item.querySelector('meter')
  if (meter) {
    meter.max = largest
    meter.value = measured(dot, view.measure)
  }
  const button = item.querySelector('button')
  if (button) setAttributes(button, { 'aria-pressed': String(dot.key === view.place) })
}
