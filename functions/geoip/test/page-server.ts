import { once } from 'node:events'
import { join } from 'node:path'
import { serve } from '@hono/node-server'
import type { Snapshot } from '../answer-cache.ts'
import { geoipApp } from '../app.ts'
import type { ConnectionRows } from '../connections/connections.ts'
import type { History } from '../connections/history.ts'
import type { Location } from '../location.ts'
import { loadAssets } from '../page-assets.ts'
import type { ViewRequest } from '../connections/view-request.ts'
import { demoParts } from './demo.ts'

export type PageServer = AsyncDisposable & { readonly url: string }

/** Serves the page on loopback, as geoip does, over what `connections` and `history` answer. */
export async function servePage(parts: {
  connections: (request: ViewRequest) => Snapshot<ConnectionRows>
  history: (request: ViewRequest) => Snapshot<History>
  cluster?: Location
}): Promise<PageServer> {
  const assets = await loadAssets(join(import.meta.dirname, 'not-built'))
  const app = geoipApp(
    demoParts({
      connections: async request => parts.connections(request),
      history: async request => parts.history(request),
      cluster: parts.cluster ?? null,
      assets,
    }),
  )
  const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return {
    url: `http://127.0.0.1:${address.port}/`,
    [Symbol.asyncDispose]: async () => {
      server.close()
      if ('closeAllConnections' in server) server.closeAllConnections()
    },
  }
}
