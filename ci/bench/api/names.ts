import { createHash } from 'node:crypto'

// Without vowels, so that no words come about: k8s.io/apimachinery/pkg/util/rand.
const SUFFIX_LETTERS = 'bcdfghjklmnpqrstvwxz2456789'

/** 64 hex digits that depend on nothing but the arguments, as container ids have them. */
export function hexOf(...what: readonly (string | number)[]): string {
  return createHash('sha256').update(what.join('/')).digest('hex')
}

export function uidOf(...what: readonly (string | number)[]): string {
  const hex = hexOf(...what)
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20, 32),
  ].join('-')
}

/** What the API server appends to a `generateName`. */
export function suffixOf(length: number, ...what: readonly (string | number)[]): string {
  const digest = createHash('sha256').update(what.join('/')).digest()
  const letters = [...digest.subarray(0, length)]
  return letters.map(byte => SUFFIX_LETTERS[byte % SUFFIX_LETTERS.length]).join('')
}
