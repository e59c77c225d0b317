/** The kept part of every object of one resource, by namespace and name. */
export type Table<Kept> = {
  readonly set: (namespace: string, name: string, kept: Kept) => void
  readonly remove: (namespace: string, name: string) => void
  /** From here on, what is set counts as listed. */
  readonly startList: () => void
  /** Removes what was not set since. */
  readonly endList: () => void
  readonly size: () => number
}

type Row<Kept> = { readonly kept: Kept; list: number }

/**
 * `onChange` hears what a row held before and is to hold now; a row that it answers `false` for
 * found no room and is not kept.
 */
export function createTable<Kept>(
  onChange: (before: Kept | undefined, now: Kept | undefined) => boolean,
): Table<Kept> {
  // Two levels, so that no text has to be made of both names.
  const namespaces = new Map<string, Map<string, Row<Kept>>>()
  let list = 0
  let size = 0

  function change(namespace: string, name: string, now: Kept | undefined): void {
    const rows = namespaces.get(namespace) ?? new Map<string, Row<Kept>>()
    const before = rows.get(name)
    const hasRoom = onChange(before?.kept, now)
    if (now !== undefined && hasRoom) rows.set(name, { kept: now, list })
    else rows.delete(name)
    size += Number(rows.has(name)) - Number(before !== undefined)
    if (rows.size > 0) namespaces.set(namespace, rows)
    else namespaces.delete(namespace)
  }

  return {
    set: change,
    remove: (namespace, name) => {
      if (namespaces.get(namespace)?.has(name)) change(namespace, name, undefined)
    },
    startList: () => {
      list += 1
    },
    endList: () => {
      for (const [namespace, rows] of namespaces) {
        for (const [name, row] of rows) if (row.list !== list) change(namespace, name, undefined)
      }
    },
    size: () => size,
  }
}
