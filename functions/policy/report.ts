import type { Verdict, Violation } from './judge.ts'

/** A table that still fits a screen or two; JSON has all rows. */
const mostRows = 50

/** Everything, for programs: times as ISO 8601, whole numbers. */
export function reportJson({ fromS, untilS, coveredS, policies, violations }: Verdict): string {
  const report = {
    from: isoTime(fromS),
    until: isoTime(untilS),
    coveredSeconds: coveredS,
    policies,
    violations: violations.map(rowOf),
  }
  return `${JSON.stringify(report, null, 2)}\n`
}

function rowOf({ sent, received, connections, first, last, policy, ...labels }: Violation) {
  return {
    policy,
    ...labels,
    sentBytes: Math.round(sent),
    receivedBytes: Math.round(received),
    connections: Math.round(connections),
    first: isoTime(first),
    last: isoTime(last),
  }
}

/** For people: what each policy would have flagged, and the largest of it. */
export function reportTable({ fromS, untilS, coveredS, policies, violations }: Verdict): string {
  const lines = [
    `${isoTime(fromS)} to ${isoTime(untilS)}; Prometheus has ${spanText(coveredS)} of these ${spanText(untilS - fromS)}.`,
    ...policies.map(policy => {
      const count = violations.filter(one => one.policy === policy).length
      return `${policy}: ${count === 0 ? 'nothing' : count === 1 ? '1 row' : `${count} rows`}`
    }),
  ]
  if (violations.length > 0) lines.push('', ...table(violations.slice(0, mostRows)))
  const more = violations.length - mostRows
  if (more > 0) lines.push(`… and ${more} more, which --json prints, too`)
  return `${lines.join('\n')}\n`
}

function table(violations: readonly Violation[]): string[] {
  const heads = ['policy', 'namespace', 'pod', 'role', 'country', 'asn', 'sent', 'received']
  const rows = [
    [...heads, 'connections', 'first', 'last'].map(head => head.toUpperCase()),
    ...violations.map(one => [
      one.policy,
      one.namespace ?? '-',
      one.pod ?? '-',
      one.role ?? '-',
      one.country ?? '-',
      one.asn ?? '-',
      bytesText(one.sent),
      bytesText(one.received),
      String(Math.round(one.connections)),
      isoTime(one.first),
      isoTime(one.last),
    ]),
  ]
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)))
  return rows.map(row =>
    row
      .map((cell, column) => cell.padEnd(widths?.[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), units.length - 1)
  const value = bytes / 1024 ** power
  return `${power === 0 ? Math.round(value) : value.toFixed(1)} ${units[power]}`
}

function spanText(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor((seconds % 86_400) / 3_600), 'h'],
    [Math.floor((seconds % 3_600) / 60), 'm'],
  ] as const
  return parts.flatMap(([count, unit]) => (count > 0 ? [`${count}${unit}`] : [])).join(' ') || '0m'
}

function isoTime(seconds: number): string {
  return new Date(seconds * 1_000).toISOString().replace(/:\d\d\.\d+Z$/, 'Z')
}
