import type { EndpointSlice } from './endpoint-slice.ts'

export type Endpoint = { readonly address: string; readonly ready: boolean }

/** What stands behind each service. */
export type Endpoints = {
  /** Puts one slice in the place of another. Gives how many of its addresses found no room. */
  readonly replace: (before: EndpointSlice | undefined, now: EndpointSlice | undefined) => number
  /** Each address once, ready if it is so in any slice. */
  readonly of: (namespace: string, service: string) => readonly Endpoint[]
}

/** A slice that would exceed `limit` addresses finds no room as a whole. */
export function createEndpoints(limit: number): Endpoints {
  const byService = new Map<string, Set<EndpointSlice>>()
  let size = 0
  return {
    replace: (before, now) => {
      if (before) remove(before)
      if (now === undefined) return 0
      const count = now.ready.length + now.notReady.length
      if (size + count > limit) return count
      size += count
      const key = keyOf(now)
      const slices = byService.get(key) ?? new Set()
      byService.set(key, slices.add(now))
      return 0
    },
    of: (namespace, service) => {
      const isReady = new Map<string, boolean>()
      for (const { ready, notReady } of byService.get(keyOf({ namespace, service })) ?? []) {
        for (const address of ready) isReady.set(address, true)
        for (const address of notReady) if (!isReady.has(address)) isReady.set(address, false)
      }
      return [...isReady].map(([address, ready]) => ({ address, ready }))
    },
  }

  function remove(slice: EndpointSlice): void {
    const key = keyOf(slice)
    const slices = byService.get(key)
    if (!slices?.delete(slice)) return
    if (slices.size === 0) byService.delete(key)
    size -= slice.ready.length + slice.notReady.length
  }
}

/** Neither name can hold a slash. */
function keyOf({ namespace, service }: Pick<EndpointSlice, 'namespace' | 'service'>): string {
  return `${namespace}/${service}`
}
