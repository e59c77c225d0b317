import { dashboards } from '../../dashboards/src/index.ts'

/** dashboards/<uid>.json to read and import, and the same in one line for the chart. */
export async function dashboardFiles(): Promise<{ path: string; content: string }[]> {
  return dashboards.flatMap(dashboard => {
    const sorted = inOrder(dashboard)
    const name = `${dashboard.uid}.json`
    return [
      { path: `dashboards/${name}`, content: `${JSON.stringify(sorted, null, 2)}\n` },
      { path: `chart/files/dashboards/${name}`, content: JSON.stringify(sorted) },
    ]
  })
}

/** The same value with the keys of every object sorted, so that a difference shows what changed. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, inOrder(inner)]))
}
