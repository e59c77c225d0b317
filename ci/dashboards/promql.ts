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

/** Names of labels that a query matches, groups or joins by; those that it makes itself are left out. */
export function labelsOf(expr: string): string[] {
  const names: string[] = []
  parser.parse(expr).iterate({
    enter: ({ name, from, to }) => {
      if (name === 'LabelName') names.push(expr.slice(from, to))
    },
  })
  const made = madeLabels(expr)
  return names.filter(name => !made.includes(name))
}

/** Names of labels that a query gives to its answer: the first text of `label_replace` and `label_join`. */
export function madeLabels(expr: string): string[] {
  const made: string[] = []
  parser.parse(expr).iterate({
    enter: ({ node }) => {
      if (node.name !== 'FunctionCall') return
      const call = expr.slice(node.from, node.to)
      if (!/^label_(replace|join)\b/.test(call)) return
      const texts = node.getChild('FunctionCallBody')?.getChildren('StringLiteral') ?? []
      const [first] = texts
      if (first) made.push(expr.slice(first.from + 1, first.to - 1))
    },
  })
  return made
}

/** The two parts of the query of a variable: `label_values(selector, label)`. */
export function labelValuesOf(query: string): { selector: string; label: string } {
  const [, selector, label] = /^label_values\((\S.*), (\w+)\)$/.exec(query) ?? []
  if (selector === undefined || label === undefined) throw new Error(`no label_values: ${query}`)
  return { selector, label }
}
