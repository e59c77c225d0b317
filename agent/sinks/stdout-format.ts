import type { Sample, Series } from '../model.ts'

/** One JSON object per sample and line; a series that ends says `"stale":true` and has no value. */
export function jsonLines(samples: readonly Sample[]): string {
  return samples.map(sample => `${JSON.stringify(jsonOf(sample))}\n`).join('')
}

function jsonOf({ series, value, timestampMs, isStale }: Sample): object {
  const { __name__: name, ...labels } = Object.fromEntries(series.labels)
  const timestamp = new Date(timestampMs).toISOString()
  return { timestamp, name, labels, ...(isStale ? { stale: true } : { value }) }
}

type Cell = { readonly row: string; readonly column: string }

/**
 * Makes a formatter for people: a line per connection target whose counters moved, with by how much.
 * What stands still and what is no traffic (the agent's own metrics) is left to JSON.
 */
export function trafficLines(): (samples: readonly Sample[]) => string {
  const cells = new WeakMap<Series, Cell | 'no traffic'>()
  const before = new WeakMap<Series, number>()

  return samples => {
    const rows = new Map<string, string[]>()
    for (const { series, value, isStale } of samples) {
      const cell = cells.get(series) ?? cellOf(series)
      cells.set(series, cell)
      if (cell === 'no traffic' || isStale) continue
      const moved = value - (before.get(series) ?? 0)
      before.set(series, value)
      if (moved === 0) continue
      const columns = rows.get(cell.row) ?? []
      columns.push(`${cell.column} +${moved.toLocaleString('en')}`)
      rows.set(cell.row, columns)
    }
    const time = new Date(samples[0]?.timestampMs ?? 0).toISOString().slice(0, 19)
    return [...rows].map(([row, columns]) => `${time}Z  ${row}  ${columns.join('  ')}\n`).join('')
  }
}

function cellOf(series: Series): Cell | 'no traffic' {
  const labels = Object.fromEntries(series.labels)
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
