import type { Metric } from '../../model.ts'

/** What OTLP calls a metric of ours. */
export type OtlpName = {
  readonly name: string
  /** As UCUM writes it; empty for what is counted. */
  readonly unit: '' | 'By' | 's'
}

/**
 * The namespace gets dots, the suffix of counters goes, everything else stays: Prometheus puts the
 * underscores and `_total` back, so a metric has one name there, whichever way it came. The unit stays
 * in the name, since `podatlas.transmit` could mean bytes or datagrams.
 */
export function otlpName({ name }: Pick<Metric, 'name'>): OtlpName {
  const unit = /_(bytes|seconds)(?:_total|_sum)?$/.exec(name)?.[1]
  return {
    name: name.replace(/^podatlas_(agent_)?/, namespaceOf).replace(/_total$/, ''),
    unit: unit === undefined ? '' : UNITS[unit === 'bytes' ? 'bytes' : 'seconds'],
  }
}

const UNITS = { bytes: 'By', seconds: 's' } as const

function namespaceOf(_prefix: string, ofAgent: string | undefined): string {
  return ofAgent === undefined ? 'podatlas.' : 'podatlas.agent.'
}
