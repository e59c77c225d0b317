/** Which connections are asked for: those that any value of each list fits; an empty list fits all. */
export type Filters = {
  /** An empty name means those without: processes of the node itself. */
  readonly namespaces: readonly string[]
  readonly pods: readonly string[]
  readonly containers: readonly string[]
  /** ISO codes, `unknown` for public addresses without a place, `none` for those that are not public. */
  readonly countries: readonly string[]
}

export type ViewRequest = {
  readonly windowSeconds: number
  /** Until when; undefined means now. */
  readonly endSeconds?: number
  readonly filters: Filters
}

const MOST_VALUES = 50
const MOST_LENGTH = 253

/** Reads `window`, `end` and the filters of a URL. Answers what is wrong with them, by name. */
export function readViewRequest(query: URLSearchParams): ViewRequest | { readonly error: string } {
  const window = query.get('window') ?? '60s'
  const windowSeconds = Number(/^(\d{1,5})s$/.exec(window)?.[1])
  if (!(windowSeconds >= 10 && windowSeconds <= 86_400)) {
    return { error: `window: ${window} is no time from 10s to 86400s` }
  }
  const end = query.get('end')
  const endSeconds = end === null ? undefined : Number(/^\d{1,10}$/.exec(end)?.[0])
  if (Number.isNaN(endSeconds)) return { error: `end: ${end} is no time in seconds since 1970` }
  for (const name of ['namespace', 'pod', 'container', 'country']) {
    const values = query.getAll(name)
    if (values.length > MOST_VALUES) return { error: `${name}: use ${MOST_VALUES} values or less` }
    if (values.some(value => value.length > MOST_LENGTH)) {
      return { error: `${name}: use values of ${MOST_LENGTH} characters or less` }
    }
  }
  return {
    windowSeconds,
    ...(endSeconds !== undefined && { endSeconds }),
    filters: {
      namespaces: query.getAll('namespace'),
      pods: query.getAll('pod'),
      containers: query.getAll('container'),
      countries: query.getAll('country'),
    },
  }
}
