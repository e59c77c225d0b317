import type { Collection } from './collections.ts'

type Fields = Readonly<Record<string, string>>

/** Slots that a request is about, and which objects in them. */
export type Selection = {
  readonly slots: Iterable<number>
  readonly matches: (fields: Fields | undefined) => boolean
}

/** Parses `a=b,c!=d` of the parameter fieldSelector. Throws for a field that the collection does not know. */
export function selectionOf(collection: Collection, selector: string): Selection {
  const terms = selector === '' ? [] : selector.split(',').map(parseTerm)
  const known = collection.fieldsAt(0, 0) ?? {}
  for (const { field } of terms)
    if (!(field in known)) throw new Error(`field label not supported: ${field}`)
  const slots = terms
    .filter(({ isEqual }) => isEqual)
    .map(({ field, value }) => collection.slotsWith?.(field, value))
    .find(found => found !== undefined)
  return {
    slots: slots ?? range(collection.size),
    matches: fields =>
      fields !== undefined &&
      terms.every(({ field, value, isEqual }) => (fields[field] === value) === isEqual),
  }
}

function parseTerm(term: string) {
  const [, field = '', operator, value = ''] = /^([\w.]+)(!?==?)(.*)$/.exec(term) ?? []
  return { field, value, isEqual: operator !== '!=' }
}

function* range(size: number): Generator<number> {
  for (let slot = 0; slot < size; slot++) yield slot
}
