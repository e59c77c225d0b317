import type { Labels, Samples } from '../../model.ts'
import { counterChanges } from '../traffic-changes.ts'

/** Column of what counters grew by. */
const AMOUNTS: Readonly<Record<string, string>> = {
  podatlas_transmit_bytes_total: 'SENT',
  podatlas_receive_bytes_total: 'RECEIVED',
  podatlas_connections_opened_total: 'OPENED',
  podatlas_connections_failed_total: 'FAILED',
  podatlas_connections_reset_total: 'RESET',
  podatlas_tcp_retransmits_total: 'RESENT',
}
const TITLES = [...new Set(Object.values(AMOUNTS))]

/** Makes a formatter for people: per moment one aligned table of what moved, the most bytes first. */
export function trafficTable(): (samples: Samples) => string {
  const changesOf = counterChanges(name => name in AMOUNTS)

  return samples => {
    const { timestampMs, series, values } = changesOf(samples)
    const moved = new Map<Labels, Map<string, number>>()
    for (const [index, { metric, target }] of series.entries()) {
      const amounts = moved.get(target) ?? new Map<string, number>()
      moved.set(target, amounts)
      const title = AMOUNTS[metric.name] ?? ''
      amounts.set(title, (amounts.get(title) ?? 0) + (values?.[index] ?? 0))
    }
    if (moved.size === 0) return ''
    const rows = [...moved]
      .toSorted(([, left], [, right]) => bytesIn(right) - bytesIn(left))
      .map(([target, amounts]) => [
        ...endsOf(target),
        ...TITLES.map(title => (amounts.get(title) ?? 0).toLocaleString('en')),
      ])
    const time = new Date(timestampMs).toISOString().slice(0, 19)
    const lines = aligned([['LOCAL', '', 'REMOTE', 'PROTOCOL', ...TITLES], ...rows])
    return `${time}Z\n${lines.join('\n')}\n\n`
  }
}

function bytesIn(amounts: ReadonlyMap<string, number>): number {
  return (amounts.get('SENT') ?? 0) + (amounts.get('RECEIVED') ?? 0)
}

function endsOf(target: Labels): string[] {
  const labels = Object.fromEntries(target)
  const owner = [labels['k8s_namespace'], labels['k8s_pod'], labels['container_name']]
  const local = owner.filter(part => part !== undefined).join('/') || '(no container)'
  const isServer = labels['role'] === 'server'
  const remote = labels['destination_ip'] ?? ''
  const port = labels['destination_port']
  const withPort = (host: string) => {
    if (port === undefined) return host
    return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  }
  const ends = isServer ? [withPort(local), '<-', remote] : [local, '->', withPort(remote)]
  return [...ends, labels['protocol'] ?? '']
}

/** Texts to the left of their columns, amounts (from the fifth column on) to the right. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map(row => row[column]?.length ?? 0)),
  )
  return rows.map(row =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0
        return column < 4 ? cell.padEnd(width) : cell.padStart(width)
      })
      .join('  '),
  )
}
