import type { Metric, Registry } from './registry.ts'
import type { ScrapeFormat } from './scraping.ts'

/** All metrics of a registry as a page for Prometheus; in OpenMetrics without its last line. */
export function exposition(
  { metrics, commonLabels }: Registry,
  format: ScrapeFormat = 'text',
): string {
  const blocks = metrics.map(metric => blockOf(metric, commonLabels, format))
  // OpenMetrics has no empty lines.
  return blocks.join(format === 'text' ? '\n' : '')
}

/** What stands above the lines of a metric family. Its name is without the suffixes of its lines. */
export function familyHead(
  name: string,
  type: string,
  help: string,
  format: ScrapeFormat,
): string[] {
  const unit = format === 'openmetrics' ? /_(bytes|seconds)$/.exec(name)?.[1] : undefined
  return [
    `# HELP ${name} ${format === 'text' ? escape(help) : escapeValue(help)}`,
    `# TYPE ${name} ${type}`,
    ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
  ]
}

/** Labels as they stand between braces. */
export function labelText(labels: Iterable<readonly [name: string, value: string]>): string {
  return [...labels].map(([name, value]) => `${name}="${escapeValue(value)}"`).join(',')
}

export function numberText(value: number): string {
  return Math.abs(value) === Infinity ? `${value < 0 ? '-' : '+'}Inf` : String(value)
}

function blockOf(
  { name, help, type, readings }: Metric,
  common: Registry['commonLabels'],
  format: ScrapeFormat,
): string {
  const family = format === 'openmetrics' && type === 'counter' ? name.replace(/_total$/, '') : name
  const lines = familyHead(family, type, help, format)
  for (const { labels, value } of readings.values()) {
    const text = labelText(Object.entries({ ...labels, ...common }))
    lines.push(`${name}${text === '' ? '' : `{${text}}`} ${numberText(value)}`)
  }
  return `${lines.join('\n')}\n`
}

function escape(text: string): string {
  return text.replaceAll('\\', String.raw`\\`).replaceAll('\n', String.raw`\n`)
}

function escapeValue(text: string): string {
  return escape(text).replaceAll('"', String.raw`\"`)
}
