import dns, { type LookupAddress, type LookupOptions } from 'node:dns'

type Callback = (
  error: NodeJS.ErrnoException | null,
  found: string | LookupAddress[],
  family: number,
) => void

/**
 * Until it is disposed, whoever connects to a name that is being looked up waits for that answer: a lookup
 * that hangs holds one thread, however often its name is tried meanwhile. Replaces the function of Node
 * itself, for its agents take none for the name of a proxy (docs/decisions/0165).
 */
export function shareLookups(): Disposable {
  const { lookup: own } = dns
  const waiting = new Map<string, Callback[]>()

  function lookup(host: string, options: LookupOptions | Callback, callback: Callback): void {
    // As a server does that listens at a name: once.
    if (typeof options === 'function') return own(host, options)
    const question = JSON.stringify([host, options])
    const others = waiting.get(question)
    if (others) return void others.push(callback)
    const asking = [callback]
    own(host, options, (...answer) => {
      waiting.delete(question)
      for (const each of asking) each(...answer)
    })
    waiting.set(question, asking)
  }

  Object.assign(dns, { lookup })
  return { [Symbol.dispose]: () => void Object.assign(dns, { lookup: own }) }
}

/** Of libuv's threads lookups take half at most: so many that each of these names may hang, and none waits for another. */
export function threadsFor(names: number): number {
  return 2 * names
}
