import { canonicalAddress } from '../address/canonical.ts'
import { fieldsAt, textAt } from './fields.ts'
import type { Fields } from './fields.ts'
import type { Intern } from './interner.ts'
import type { Shape } from '../../agent/attribute/pick.ts'

/** What is strange about an object; it is used without that part. */
export type Fault = 'no_name' | 'no_status' | 'bad_address'

export type Reading = {
  readonly intern: Intern
  readonly report: (fault: Fault) => void
}

export type Identity = { readonly namespace: string; readonly name: string }

/** Metadata that every object is read for, and more. */
export function metadataShape(more: Readonly<Record<string, Shape>>): Shape {
  const own = {
    namespace: true,
    name: true,
    creationTimestamp: true,
    resourceVersion: true,
  } as const
  return { keys: { ...own, ...more } }
}

/** Undefined for an object without a name, of which nothing can be said. */
export function identityOf(object: Fields, { intern, report }: Reading): Identity | undefined {
  const metadata = fieldsAt(object, 'metadata')
  const name = textAt(metadata, 'name')
  if (name !== '') return { namespace: intern(textAt(metadata, 'namespace')), name }
  report('no_name')
  return undefined
}

/** Canonical addresses, each once; what is none is reported and left out. */
export function addressesOf(texts: readonly string[], { report }: Reading): readonly string[] {
  const addresses: string[] = []
  for (const text of texts) {
    const address = canonicalAddress(text)
    if (address === undefined) report('bad_address')
    else if (!addresses.includes(address)) addresses.push(address)
  }
  return addresses
}
