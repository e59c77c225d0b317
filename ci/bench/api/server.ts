import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { Socket } from 'node:net'
import type { ApiServer } from '../../../agent/attribute/api-server.ts'
import { makeApiCredentials } from '../../../agent/test/api-credentials.ts'
import { refuse, sendList, sendOne } from './answers.ts'
import type { SimulatedCluster } from './collections.ts'
import { listText } from './list.ts'
import { selectionOf } from './selector.ts'
import { shapeOf } from './shape.ts'
import { createWatchers } from './watchers.ts'

export type SimulatedApiServer = AsyncDisposable & {
  /** Where a client finds it, and the token by which it is told from others. */
  readonly addressFor: (client: string) => ApiServer
  /** Bytes that left for a client over all its connections, TLS and HTTP included. */
  readonly bytesTo: (client: string) => number
  readonly requestsOf: (client: string) => readonly string[]
  readonly cutOff: () => number
  /** Somebody watches, and whoever does was told everything. */
  readonly areUpToDate: () => boolean
}

/** A Kubernetes API server as far as list and watch go, on loopback. It shows what the cluster is at the time. */
export async function startSimulatedApiServer(
  cluster: SimulatedCluster,
): Promise<SimulatedApiServer> {
  const credentials = makeApiCredentials()
  const watchers = createWatchers(cluster)
  const clients = new Map<string, { connections: Set<Socket>; requests: string[] }>()
  /** By the port at the other end: Node gives requests the inner, decrypted side of a connection only. */
  const connections = new Map<number | undefined, Socket>()

  const server = createServer(credentials, (request, response) => {
    const client = request.headers.authorization?.replace('Bearer ', '')
    const known = client === undefined ? undefined : clients.get(client)
    const connection = connections.get(request.socket.remotePort)
    if (!known || !connection) return refuse(response, 401, 'Unauthorized')
    known.connections.add(connection)
    known.requests.push(request.url ?? '')
    answer(request, response)
  })
  server.on(
    'connection',
    (connection: Socket) => void connections.set(connection.remotePort, connection),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const url = `https://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams: query } = new URL(request.url ?? '', url)
    const [path = '', name] = pathname.split(/(?<=\/nodes)\//)
    const collection = cluster.collections[path]
    if (!collection)
      return refuse(response, 404, 'the server could not find the requested resource')
    const field = name === undefined ? query.get('fieldSelector') : `metadata.name=${name}`
    const shape = shapeOf(collection, request.headers.accept)
    try {
      const selection = selectionOf(collection, field ?? '')
      if (name !== undefined) return sendOne(collection, selection, shape, response)
      if (/^(1|true)$/.test(query.get('watch') ?? ''))
        return watchers.watch({ collection, selection, shape, query }, response)
      const text = listText(collection, { selection, shape, query, version: cluster.version() })
      sendList(text, request, response)
    } catch (error) {
      refuse(response, 400, String(error))
    }
  }
  return {
    addressFor: client => {
      clients.set(client, { connections: new Set(), requests: [] })
      return { url, tokenFile: credentials.tokenFile(client, client), caFile: credentials.caFile }
    },
    bytesTo: client =>
      [...(clients.get(client)?.connections ?? [])].reduce(
        (sum, { bytesWritten }) => sum + bytesWritten,
        0,
      ),
    requestsOf: client => clients.get(client)?.requests ?? [],
    cutOff: watchers.cutOff,
    areUpToDate: watchers.areUpToDate,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
      credentials[Symbol.dispose]()
    },
  }
}
