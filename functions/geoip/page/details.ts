import type { Connection } from '../connections/connections.ts'
import { find, html, setText } from './dom.ts'
import { formatRate } from './format.ts'
import { placeKey, sumOf } from './places.ts'
import type { Dot } from './places.ts'
import { titleOf } from './tooltip.ts'
import { verdictTitles } from './verdict.ts'
import type { View } from './view.ts'

const mostLines = 6

/** What is known of the picked place, in place of the largest ones. `onClose` hears that all are wanted. */
export function placeDetails(onClose: () => void) {
  const panel = find('#details', HTMLElement)
  const top = find('#top', HTMLElement)
  const title = html('h2')
  const close = html('button', { type: 'button', class: 'quiet' }, 'All places')
  const content = html('div')
  panel.append(html('div', { class: 'head' }, title, close), content)
  close.addEventListener('click', onClose)

  return {
    show: (dots: readonly Dot[], rows: readonly Connection[], view: View) => {
      const dot = dots.find(({ key }) => key === view.place)
      panel.hidden = view.place === ''
      top.hidden = view.place !== ''
      if (view.place === '') return
      setText(title, dot ? titleOf(dot) : 'Nothing there now')
      const there = rows.filter(row => placeKey(row) === view.place)
      content.replaceChildren(...(dot ? contentOf(dot, there, view) : []))
    },
  }
}

function contentOf(dot: Dot, rows: readonly Connection[], view: View): HTMLElement[] {
  const violated = [...new Set(rows.flatMap(row => row.violates))]
  const accuracy = Math.max(...rows.map(row => row.accuracyKm ?? 0))
  return [
    html(
      'p',
      { class: `verdict ${dot.verdict}` },
      verdictTitles[dot.verdict],
      ...policies(violated),
    ),
    html(
      'p',
      { class: 'note' },
      `Sent ${formatRate(dot.sentPerSecond)}, received ${formatRate(dot.receivedPerSecond)}`,
      ...(accuracy > 0 ? [`; the place is right to ${accuracy} km`] : []),
    ),
    ranking('Pods', rows, view, ownerOf),
    ranking('Addresses', rows, view, ({ address, port }) =>
      port === null ? address : `${address} port ${port}`,
    ),
    ranking('Networks', rows, view, ({ asNumber, asOrganization }) =>
      asNumber === null ? undefined : [`AS${asNumber}`, asOrganization].filter(Boolean).join(' '),
    ),
  ]
}

function policies(names: readonly string[]): string[] {
  return names.length === 0 ? [] : [` by ${names.join(', ')}`]
}

function ownerOf({ namespace, pod, container }: Connection): string {
  return namespace === null ? (container ?? 'unknown') : `${namespace}/${pod ?? 'unknown'}`
}

/** The largest groups of rows with their bytes; empty where no row has a name. */
function ranking(
  title: string,
  rows: readonly Connection[],
  view: View,
  nameOf: (row: Connection) => string | undefined,
): HTMLElement {
  const groups = [...Map.groupBy(rows, nameOf)]
    .flatMap(([name, group]) =>
      name === undefined ? [] : [{ name, rate: sumOf(group, view.measure) }],
    )
    .toSorted((a, b) => b.rate - a.rate || a.name.localeCompare(b.name))
  const lines = groups
    .slice(0, mostLines)
    .map(({ name, rate }) =>
      html('li', {}, html('span', {}, name), html('b', {}, formatRate(rate))),
    )
  const more = groups.length - lines.length
  if (more > 0) lines.push(html('li', { class: 'note' }, `and ${more} more`))
  if (lines.length === 0) return html('div')
  return html('section', {}, html('h3', {}, title), html('ul', {}, ...lines))
}
