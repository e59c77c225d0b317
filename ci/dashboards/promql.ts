import { parser } from '@prometheus-io/lezer-promql'

/** Variables and their values; a variable that is not among them is at "All". */
export type Choice = Readonly<Record<string, string>>

/** A query as Grafana sends it for the last hour, in which the data source has a sample each 10 s. */
export function filledIn(expr: string, choice: Choice = {}): string {
  return expr
    .replaceAll('$__rate_interval', '1m')
    .replaceAll('$__interval', '30s')
    .replaceAll('$__range', '1h')
    .replaceAll(/"\$(\w+)"/g, (_, name: string) => `"${choice[name] ?? '.*'}"`)
}

/** Names of metrics in a query. Throws where it does not parse: the parser itself goes on. */
export function metricsOf(expr: string): string[] {
  const names: string[] = []
  parser.parse(expr).iterate({
    enter: node => {
      if (node.type.isError) throw new Error(`no PromQL at ${node.from}: ${expr}`)
      if (node.name === 'VectorSelector') {
        names.push(/^[\w:]+/.exec(expr.slice(node.from, node.to))?.[0] ?? '(no name)')
      }
    },
  })
  return names
}

/** The two parts of the query of a variable: `label_values(selector, label)`. */
export function labelValuesOf(query: string): { selector: string; label: string } {
  const [, selector, label] = /^label_values\((\S.*), (\w+)\)$/.exec(query) ?? []
  if (selector === undefined || label === undefined) throw new Error(`no label_values: ${query}`)
  return { selector, label }
}
