import type { Filters } from './view-request.ts'

/** The matchers of a selector for these filters, without braces; countries are no label of traffic. */
export function matchersOf({ namespaces, pods, containers }: Filters): string[] {
  return [
    ...matcher('k8s_namespace', namespaces),
    ...matcher('k8s_pod', pods),
    ...matcher('container_name', containers),
  ]
}

/** `name=~"a|b"`, with every value meaning itself; nothing for no values. */
export function matcher(name: string, values: readonly string[]): string[] {
  if (values.length === 0) return []
  const pattern = values.map(value => value.replaceAll(/[\\.*+?()|{}[\]^$]/g, '\\$&')).join('|')
  return [`${name}=~${quoted(pattern)}`]
}

export function selector(metric: string, matchers: readonly string[]): string {
  return matchers.length === 0 ? metric : `${metric}{${matchers.join(',')}}`
}

/** Marks a result, so that one query may have several. */
export function measure(name: string, expression: string): string {
  return `label_replace(${expression}, "measure", "${name}", "", "")`
}

/** PromQL has the escapes of Go, of which those of JSON are some. */
function quoted(text: string): string {
  return JSON.stringify(text)
}
