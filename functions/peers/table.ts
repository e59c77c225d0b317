/** The kept part of every object of one resource, by namespace and name. */
export type Table<Kept> = {
  readonly get: (namespace: string, name: string) => Kept | undefined
  readonly set: (namespace: string, name: string, kept: Kept) => void
  readonly remove: (namespace: string, name: string) => void
  /** From here on, what is set counts as listed. */
  readonly startList: () => void
  /** Removes what was not set since. */
  readonly endList: () => void
  readonly size: () => number
}

type Row<Kept> = { readonly kept: Kept; list: number }

/** `onChange` hears what a row held before and what it holds now. */
export function createTable<Kept>(
  onChange: (before: Kept | undefined, now: Kept | undefined) => void,
): Table<Kept> {
  // Two levels, so that no text has to be made of both names.
  const namespaces = new Map<string, Map<string, Row<Kept>>>()
  let list = 0
  let size = 0

  function remove(namespace: string, name: string): void {
    const rows = namespaces.get(namespace)
    const row = rows?.get(name)
    if (rows === undefined || row === undefined) return
    rows.delete(name)
    if (rows.size === 0) namespaces.delete(namespace)
    size -= 1
    onChange(row.kept, undefined)
  }

  return {
    get: (namespace, name) => namespaces.get(namespace)?.get(name)?.kept,
    set: (namespace, name, kept) => {
      let rows = namespaces.get(namespace)
      if (rows === undefined) namespaces.set(namespace, (rows = new Map()))
      const before = rows.get(name)
      if (before === undefined) size += 1
      rows.set(name, { kept, list })
      onChange(before?.kept, kept)
    },
    remove,
    startList: () => {
      list += 1
    },
    endList: () => {
      for (const [namespace, rows] of namespaces) {
        for (const [name, row] of rows) if (row.list !== list) remove(namespace, name)
      }
    },
    size: () => size,
  }
}
