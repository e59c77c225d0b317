import type { Connection } from '../connections/connections.ts'
import { find, setText } from './dom.ts'
import { formatRate } from './format.ts'
import { placeKey, sumOf } from './places.ts'

/** The numbers above the map: sums of what the table shows. */
export function showSummary(rows: readonly Connection[]): void {
  const countries = new Set(rows.flatMap(row => row.country ?? []))
  const places = new Set(rows.flatMap(row => placeKey(row) ?? []))
  const forbidden = rows.filter(({ verdict }) => verdict === 'forbidden').length
  const texts = {
    sent: formatRate(sumOf(rows, 'sent')),
    received: formatRate(sumOf(rows, 'received')),
    places: places.size.toLocaleString('en'),
    countries: countries.size.toLocaleString('en'),
    connections: rows.length.toLocaleString('en'),
    forbidden: forbidden.toLocaleString('en'),
  }
  for (const [name, text] of Object.entries(texts)) setText(find(`#sum-${name}`, HTMLElement), text)
  find('#sum-forbidden', HTMLElement).classList.toggle('some', forbidden > 0)
}
