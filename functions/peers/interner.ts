/** Gives equal texts as one: names of nodes, namespaces and workloads come with every pod. */
export type Intern = (text: string) => string

/** Forgets all it knows at `limit` texts, which costs memory and nothing else. */
export function createInterner(limit = 50_000): Intern {
  const known = new Map<string, string>()
  return text => {
    const before = known.get(text)
    if (before !== undefined) return before
    if (known.size >= limit) known.clear()
    known.set(text, text)
    return text
  }
}
