import { once } from 'node:events'
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createServer as createTcpServer, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import type { Pair } from './certificates.ts'
import { until } from '../write-receiver.ts'
import { knownName } from './names.ts'

/** What the next connection meets instead of the receiver. */
const OF_CONNECTIONS = ['nobody listens', 'no such name', 'another protocol'] as const
/** What the next request meets on its way there and back. */
const OF_REQUESTS = [
  'passes',
  'reset before it arrives',
  'reset after it was taken',
  'answer cut',
  'read slowly',
  'answered slowly',
  'never answered',
] as const

export const NAMED_FAULTS = [...OF_CONNECTIONS, ...OF_REQUESTS]

export type Fault =
  | (typeof NAMED_FAULTS)[number]
  | { readonly status: number; readonly retryAfter?: 'seconds' | 'date' }

export type FaultProxyOptions = {
  /** URL of the receiver. */
  readonly target: string
  readonly faults: readonly Fault[]
  /** How often the sender found nobody to connect to: only it can tell. */
  readonly refusals: () => number
  readonly pair?: Pair
}

export type FaultProxy = AsyncDisposable & {
  /** The receiver's URL, but here. */
  readonly url: string
  /** The same for another process, which does not know the name. */
  readonly urlByAddress: string
  /** How many of the faults are still to come. */
  readonly left: () => number
}

/** Of a receiver behind a proxy with a certificate. */
export const FAULTS_NAME = '*.faults.test'

const MOMENT_MS = 60
let proxies = 0

/**
 * A proxy before a real receiver: what comes meets the faults in turn, and passes after the last one. With a
 * certificate for `FAULTS_NAME` it speaks TLS.
 */
export async function faultProxy({
  target,
  faults,
  refusals,
  pair,
}: FaultProxyOptions): Promise<FaultProxy> {
  proxies += 1
  const host = `proxy-${proxies}.faults.test`
  // Of its own, so that nobody gets the port in the moments when nobody listens here.
  const address = `127.${1 + (process.pid % 250)}.${1 + (proxies % 250)}.1`
  const waiting = [...faults]
  const taken = new Set<string>()
  const sockets = new Set<Socket>()
  let isClosed = false

  using undo = new DisposableStack()
  undo.use(
    knownName(host, () => {
      if (waiting[0] !== 'no such name') return address
      next()
      return undefined
    }),
  )
  const meeting = (incoming: IncomingMessage, outgoing: ServerResponse) =>
    void meet(incoming, outgoing).catch(() => incoming.destroy())
  const inner = pair ? createTlsServer(pair, meeting) : createServer(meeting)
  inner.on('tlsClientError', () => undefined)
  const listener = createTcpServer(socket => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    if (waiting[0] === 'another protocol') {
      next()
      socket.end('SSH-2.0-OpenSSH_9.2\r\n')
    } else inner.emit('connection', socket)
  })
  await once(listener.listen(0, address), 'listening')
  const bound = listener.address()
  if (bound === null || typeof bound === 'string') throw new Error('not listening on TCP')
  const { port } = bound
  prepare()

  function next(): Fault {
    const fault = waiting.shift() ?? 'passes'
    prepare()
    return fault
  }

  /** Who is to meet a fault of connections must need one. */
  function prepare(): void {
    if (isOfConnections(waiting[0])) void hangUp(waiting[0])
  }

  async function hangUp(fault: Fault | undefined): Promise<void> {
    // What is being answered gets its answer.
    await pause(5)
    for (const socket of sockets) socket.end()
    if (fault !== 'nobody listens' || isClosed) return
    const before = refusals()
    listener.close()
    await until(() => isClosed || refusals() > before)
    if (!isClosed) listener.listen(port, address, next)
  }

  async function meet(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    // It came over a connection that is about to end.
    const fault = isOfConnections(waiting[0]) ? 'passes' : next()
    if (fault === 'read slowly') await pause(MOMENT_MS)
    if (fault === 'reset before it arrives') return reset(incoming)
    const body = await buffer(incoming)
    if (fault === 'never answered') return
    const copy = body.toString('base64')
    // Who has taken a request takes its copy, too.
    const isRefused = typeof fault === 'object' && !taken.has(copy)
    const answer = isRefused ? refusal(fault) : await passOn(target, incoming, body)
    if (answer.status < 300) taken.add(copy)
    if (fault === 'reset after it was taken') return reset(incoming)
    if (fault === 'answer cut') {
      outgoing.writeHead(answer.status, { ...answer.headers, 'content-length': 99 }).write('half')
      await pause(5)
      return void incoming.socket.destroy()
    }
    outgoing.writeHead(answer.status, answer.headers)
    if (fault === 'answered slowly') {
      outgoing.flushHeaders()
      await pause(MOMENT_MS)
    }
    outgoing.end(answer.body)
  }

  /** TLS has no way to say it: the connection below it is what is reset. */
  function reset({ socket: { remotePort } }: IncomingMessage): void {
    for (const socket of sockets) if (socket.remotePort === remotePort) socket.resetAndDestroy()
  }

  const kept = undo.move()
  const path = new URL(target).pathname
  const urlOf = (name: string) => `${pair ? 'https' : 'http'}://${name}:${port}${path}`
  return {
    url: urlOf(host),
    urlByAddress: urlOf(address),
    left: () => waiting.length,
    [Symbol.asyncDispose]: async () => {
      isClosed = true
      kept.dispose()
      for (const socket of sockets) socket.destroy()
      if (listener.listening) await new Promise(closed => listener.close(closed))
    },
  }
}

type Answer = {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  readonly body: Buffer | string
}

function isOfConnections(fault: Fault | undefined): boolean {
  return OF_CONNECTIONS.some(one => one === fault)
}

function refusal({ status, retryAfter }: Exclude<Fault, string>): Answer {
  const date = new Date(Date.now() + 1_000).toUTCString()
  const headers = retryAfter ? { 'retry-after': retryAfter === 'date' ? date : '1' } : {}
  return { status, headers, body: 'not now' }
}

async function passOn(
  target: string,
  { method, headers }: IncomingMessage,
  body: Buffer,
): Promise<Answer> {
  const onward = request(target, { method, headers, agent: false })
  onward.end(body)
  const [answer]: IncomingMessage[] = await once(onward, 'response')
  if (!answer) throw new Error('no answer')
  const { connection: _, 'content-length': __, ...passed } = answer.headers
  return { status: answer.statusCode ?? 0, headers: passed, body: await buffer(answer) }
}
