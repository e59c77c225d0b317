import type { Samples, Series } from '../../model.ts'
import { labelsOf } from '../series-labels.ts'

/** One JSON object per sample and line; a series that ends says `"stale":true` and has no value. */
export function jsonLines({ timestampMs, series, values }: Samples): string {
  const timestamp = new Date(timestampMs).toISOString()
  const lines = series.map((one, index) => {
    const { __name__: name, ...labels } = Object.fromEntries(labelsOf(one))
    const told = values ? { value: values[index] } : { stale: true }
    return `${JSON.stringify({ timestamp, name, labels, ...told })}\n`
  })
  return lines.join('')
}

type Cell = { readonly row: string; readonly column: string }

/**
 * Makes a formatter for people: a line per connection target whose counters moved, with by how much.
 * What stands still and what is no traffic (the agent's own metrics) is left to JSON.
 */
export function trafficLines(): (samples: Samples) => string {
  const cells = new WeakMap<Series, Cell | 'no traffic'>()
  const before = new WeakMap<Series, number>()

  return ({ timestampMs, series, values }) => {
    if (!values) return ''
    const rows = new Map<string, string[]>()
    for (const [index, one] of series.entries()) {
      const cell = cells.get(one) ?? cellOf(one)
      cells.set(one, cell)
      if (cell === 'no traffic') continue
      const value = values[index] ?? 0
      const moved = value - (before.get(one) ?? 0)
      before.set(one, value)
      if (moved === 0) continue
      const columns = rows.get(cell.row) ?? []
      columns.push(`${cell.column} +${moved.toLocaleString('en')}`)
      rows.set(cell.row, columns)
    }
    const time = new Date(timestampMs).toISOString().slice(0, 19)
    return [...rows].map(([row, columns]) => `${time}Z  ${row}  ${columns.join('  ')}\n`).join('')
  }
}

function cellOf(series: Series): Cell | 'no traffic' {
  const labels = Object.fromEntries(labelsOf(series))
  const { destination_ip: remote, destination_port: port, role, protocol } = labels
  const name = (labels['__name__'] ?? '').replace(/^podatlas_|_total$/g, '')
  // Times are no amounts that move.
  if (remote === undefined || name.includes('_seconds')) return 'no traffic'
  const owner = [labels['k8s_namespace'], labels['k8s_pod'], labels['container_name']]
  const local = owner.filter(part => part !== undefined).join('/') || '(no container)'
  const row =
    role === 'server'
      ? `${withPort(local, port).padEnd(40)} <- ${remote.padEnd(24)} ${protocol}`
      : `${local.padEnd(40)} -> ${withPort(remote, port).padEnd(24)} ${protocol}`
  const kind = labels['reason'] ?? labels['by']
  return { row, column: kind === undefined ? name : `${name}(${kind})` }
}

function withPort(host: string, port: string | undefined): string {
  if (port === undefined) return host
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
