import type { Answered, Api } from './api.ts'
import { missingFields } from './fields.ts'
import { filledIn, labelValuesOf, type Choice } from './promql.ts'
import { filtersOf, type Dashboard, type Panel, type Target } from './read.ts'

export type Checked = {
  readonly panels: number
  /** Questions put to Prometheus, and the series that it answered. */
  queries: number
  series: number
  /** Titles of panels with a query that nothing answers, but should. */
  readonly empty: string[]
  /** What else is wrong, by panel. */
  readonly faults: string[]
}

/** Values of a variable that are tried at most: one must show something. */
const TRIED = 200

/**
 * Puts every question of a dashboard to a Prometheus as Grafana would, for the hour up to a moment. Of the panels in
 * `maybeEmpty`, by title, nothing is demanded but that Prometheus takes their queries.
 */
export async function checkDashboard(
  api: Api,
  momentS: number,
  dashboard: Dashboard,
  maybeEmpty: Readonly<Record<string, string>> = {},
): Promise<Checked> {
  const checked: Checked = {
    panels: dashboard.panels.length,
    queries: 0,
    series: 0,
    empty: [],
    faults: [],
  }
  const values = new Map<string, string[]>()
  for (const { name, query } of filtersOf(dashboard)) {
    const { selector, label } = labelValuesOf(query)
    const found = await api.labelValues(label, filledIn(selector))
    values.set(name, found)
    if (found.length === 0) checked.faults.push(`variable ${name}: no value of ${query}`)
  }
  for (const panel of dashboard.panels) await checkPanel(panel)
  return checked

  async function checkPanel(panel: Panel): Promise<void> {
    const labels = new Set<string>()
    let isEmpty = false
    for (const target of panel.targets) {
      const { rows } = await ask(panel, target, {})
      checked.series += rows.length
      if (panel.title in maybeEmpty) continue
      for (const row of rows) for (const label of Object.keys(row.labels)) labels.add(label)
      if (rows.length === 0) isEmpty = true
      else await checkFilters(panel, target)
      if (rows.length > 0 && !rows.some(row => row.values.some(Number.isFinite)))
        checked.faults.push(`${panel.title}: no finite value`)
    }
    if (panel.title in maybeEmpty) return
    if (isEmpty) return void checked.empty.push(panel.title)
    for (const name of missingFields(panel, labels))
      checked.faults.push(`${panel.title}: nothing has ${name}`)
  }

  /** What shows something at "All" must also do so for one value of each variable. */
  async function checkFilters(panel: Panel, target: Target): Promise<void> {
    for (const [name, found] of values) {
      if (!target.expr.includes(`$${name}"`)) continue
      let isShown = false
      for (const value of found.slice(0, TRIED)) {
        const { rows } = await ask(panel, target, { [name]: escape(value) })
        isShown = rows.length > 0
        if (isShown) break
      }
      if (!isShown) checked.faults.push(`${panel.title}: empty for every ${name}`)
    }
  }

  async function ask(panel: Panel, target: Target, choice: Choice): Promise<Answered> {
    checked.queries += 1
    const query = filledIn(target.expr, choice)
    const { instant, range } = api
    const answer = await (target.instant ? instant : range)(query, momentS)
    for (const remark of answer.remarks) checked.faults.push(`${panel.title}: ${remark}`)
    return answer
  }
}

/** As Grafana puts a value into a matcher with =~. */
function escape(value: string): string {
  return value.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\\$&`)
}

/** What was checked, as a table for people. */
export function tableOf(all: readonly (readonly [name: string, Checked])[]): string {
  const sum = (key: 'panels' | 'queries' | 'series') =>
    all.reduce((total, [, checked]) => total + checked[key], 0)
  const lines = [
    ['dashboard', 'panels checked', 'queries run', 'series returned'],
    ...all.map(([name, { panels, queries, series }]) => [name, panels, queries, series]),
    ['all', sum('panels'), sum('queries'), sum('series')],
  ]
  return lines
    .map(([name, ...numbers]) => {
      const cells = numbers.map(number => String(number).padStart(17))
      return String(name).padEnd(20) + cells.join('')
    })
    .join('\n')
}
