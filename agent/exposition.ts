import type { Metric, Registry } from './registry.ts'

/** https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format */
export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** All metrics of a registry as a page for Prometheus. */
export function exposition({ metrics, commonLabels }: Registry): string {
  return metrics.map(metric => blockOf(metric, commonLabels)).join('\n')
}

function blockOf({ name, help, type, readings }: Metric, common: Registry['commonLabels']): string {
  const lines = [`# HELP ${name} ${escape(help)}`, `# TYPE ${name} ${type}`]
  for (const { labels, value } of readings.values()) {
    const pairs = Object.entries({ ...labels, ...common }).map(
      ([label, text]) => `${label}="${escape(text).replaceAll('"', String.raw`\"`)}"`,
    )
    lines.push(`${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${numberText(value)}`)
  }
  return `${lines.join('\n')}\n`
}

function escape(text: string): string {
  return text.replaceAll('\\', String.raw`\\`).replaceAll('\n', String.raw`\n`)
}

function numberText(value: number): string {
  return Math.abs(value) === Infinity ? `${value < 0 ? '-' : '+'}Inf` : String(value)
}
