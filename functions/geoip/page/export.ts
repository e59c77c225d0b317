import type { Connection } from '../connections/connections.ts'
import { csvOf } from './csv.ts'
import { find, html } from './dom.ts'

/** The button that saves the rows of the table, as they are sorted, as a file. */
export function exportButton(rows: () => readonly Connection[]): void {
  find('#export', HTMLButtonElement).addEventListener('click', () => {
    const moment = new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '')
    const url = URL.createObjectURL(new Blob([csvOf(rows())], { type: 'text/csv' }))
    html('a', { href: url, download: `podatlas-connections-${moment}Z.csv` }).click()
    URL.revokeObjectURL(url)
  })
}
