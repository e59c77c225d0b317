import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { requests, resources } from '../resources.ts'
import type { Resource } from '../resources.ts'

export type ApiObject = {
  readonly metadata?: {
    readonly namespace?: string
    readonly name?: string
    readonly [key: string]: unknown
  }
  readonly [key: string]: unknown
}

/** Answers in the place of the server; true if it did. */
export type Interceptor = (request: Asked, response: ServerResponse) => boolean

export type Asked = {
  readonly resource: Resource
  readonly verb: 'list' | 'watch'
  readonly query: URLSearchParams
  readonly authorization: string | undefined
}

export type FakeApiServer = AsyncDisposable & {
  readonly url: string
  readonly asked: readonly Asked[]
  readonly put: (resource: Resource, ...objects: readonly ApiObject[]) => void
  readonly remove: (resource: Resource, object: ApiObject) => void
  /** To every watch of the resource, as it stands. */
  readonly send: (resource: Resource, text: string) => void
  readonly endWatches: () => void
  /** Cuts every connection, those too that an interceptor holds. */
  readonly drop: () => void
  /** Forgets all history: who watches from before is told 410. */
  readonly compact: () => void
  readonly intercept: (interceptor: Interceptor | undefined) => void
  readonly goAway: () => Promise<void>
  readonly comeBack: () => Promise<void>
}

type Watcher = { readonly resource: Resource; readonly response: ServerResponse }

/** Lists in pages and watches as an API server does, over real HTTP on loopback. */
export async function startFakeApiServer(): Promise<FakeApiServer> {
  const stored = new Map(resources.map(resource => [resource, new Map<string, ApiObject>()]))
  const watchers = new Set<Watcher>()
  const asked: Asked[] = []
  let version = 1_000
  let compacted = 0
  let interceptor: Interceptor | undefined
  let server = await listen(answer)
  const port = portOf(server)

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams: query } = new URL(request.url ?? '', 'http://server')
    const resource = resources.find(one => requests[one].path === pathname)
    if (resource === undefined) return refuse(response, 404, 'no such path')
    const verb = query.has('watch') ? 'watch' : 'list'
    const one = { resource, verb, query, authorization: request.headers.authorization } as const
    asked.push(one)
    if (interceptor?.(one, response)) return
    if (verb === 'watch') watch(one, response)
    else list(one, response)
  }

  function list({ resource, query }: Asked, response: ServerResponse): void {
    const objects = [...(stored.get(resource)?.values() ?? [])]
    const start = Number(query.get('continue') ?? 0)
    const end = start + Number(query.get('limit') ?? objects.length)
    const metadata = {
      resourceVersion: String(version),
      ...(end < objects.length && { continue: String(end) }),
    }
    response.end(JSON.stringify({ kind: 'List', metadata, items: objects.slice(start, end) }))
  }

  function watch({ resource, query }: Asked, response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.flushHeaders()
    if (Number(query.get('resourceVersion')) < compacted) {
      const object = { kind: 'Status', code: 410, message: 'too old resource version' }
      response.end(`${JSON.stringify({ type: 'ERROR', object })}\n`)
      return
    }
    const watcher = { resource, response }
    watchers.add(watcher)
    response.on('close', () => watchers.delete(watcher))
  }

  function send(resource: Resource, text: string): void {
    for (const watcher of watchers) if (watcher.resource === resource) watcher.response.write(text)
  }

  function change(resource: Resource, type: string, object: ApiObject): void {
    version += 1
    const metadata = { ...object.metadata, resourceVersion: String(version) }
    send(resource, `${JSON.stringify({ type, object: { ...object, metadata } })}\n`)
  }

  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    put: (resource, ...objects) => {
      for (const object of objects) {
        const key = keyOf(object)
        const isNew = !stored.get(resource)?.has(key)
        stored.get(resource)?.set(key, object)
        change(resource, isNew ? 'ADDED' : 'MODIFIED', object)
      }
    },
    remove: (resource, object) => {
      stored.get(resource)?.delete(keyOf(object))
      change(resource, 'DELETED', object)
    },
    send,
    endWatches: () => {
      for (const { response } of watchers) response.end()
    },
    drop: () => server.closeAllConnections(),
    compact: () => {
      version += 1
      compacted = version
    },
    intercept: next => {
      interceptor = next
    },
    goAway: () => close(server),
    comeBack: async () => {
      server = await listen(answer, port)
    },
    [Symbol.asyncDispose]: () => close(server),
  }
}

export function refuse(response: ServerResponse, code: number, message: string): void {
  response.writeHead(code, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ kind: 'Status', status: 'Failure', code, message }))
}

function keyOf({ metadata }: ApiObject): string {
  return `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`
}

async function listen(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  port = 0,
): Promise<Server> {
  const server = createServer(answer)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return server
}

function portOf(server: Server): number {
  const address = server.address()
  if (typeof address === 'object' && address !== null) return address.port
  throw new Error('a server without a port')
}

function close(server: Server): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
