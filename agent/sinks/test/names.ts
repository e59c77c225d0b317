import dns from 'node:dns'

type Callback = (error: Error | null, found?: unknown, family?: number) => void

const known = new Map<string, () => string | undefined>()
const { lookup: real } = dns

/** Makes this process find a name, as long as `find` gives an IPv4 address, until it is disposed. */
export function knownName(host: string, find: () => string | undefined): Disposable {
  known.set(host, find)
  Object.assign(dns, { lookup })
  return {
    [Symbol.dispose]: () => {
      known.delete(host)
      if (known.size === 0) Object.assign(dns, { lookup: real })
    },
  }
}

/** As node:net calls it, for all addresses of a name. */
function lookup(host: string, options: object, callback: Callback): void {
  const find = known.get(host)
  if (!find) return real(host, options, callback)
  const address = find()
  const missing = Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' })
  if (address === undefined) return void setImmediate(callback, missing)
  const found = 'all' in options && options.all ? [{ address, family: 4 }] : address
  setImmediate(callback, null, found, 4)
}
