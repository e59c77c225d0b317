import { once } from 'node:events'
import { createServer as createTcpServer, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { until } from './write-receiver.ts'
import type { Pair } from './certificates.ts'
import type { Front, Passing, Refusal } from './fault-front.ts'
import { httpFront } from './fault-front-http.ts'
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

export type Fault = (typeof NAMED_FAULTS)[number] | Refusal

export type FaultProxyOptions = {
  /** Of the protocol that is spoken through it; HTTP/1.1 where it is not said. */
  readonly front?: Front
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
  front = httpFront,
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
  const inner = front({
    target,
    pair,
    meet: request => meet(request).catch(() => request.giveUp()),
  })
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

  async function meet(request: Passing): Promise<void> {
    // It came over a connection that is about to end.
    const fault = isOfConnections(waiting[0]) ? 'passes' : next()
    if (fault === 'read slowly') await pause(MOMENT_MS)
    if (fault === 'reset before it arrives') return reset(request)
    const body = await request.body()
    if (fault === 'never answered') return
    // A copy of what the receiver has taken may meet it, too.
    const isRefused = typeof fault === 'object'
    const reply = isRefused ? request.refuse(fault) : await request.passOn(body)
    if (fault === 'reset after it was taken') return reset(request)
    if (fault === 'answer cut') {
      reply.half()
      await pause(5)
      for (const socket of socketsOf(request)) socket.destroy()
      return
    }
    reply.begin()
    if (fault === 'answered slowly') await pause(MOMENT_MS)
    reply.end()
  }

  /** TLS has no way to say it: the connection below it is what is reset. */
  function reset(request: Passing): void {
    for (const socket of socketsOf(request)) socket.resetAndDestroy()
  }

  function socketsOf({ fromPort }: Passing): Socket[] {
    return [...sockets].filter(({ remotePort }) => remotePort === fromPort)
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

function isOfConnections(fault: Fault | undefined): boolean {
  return OF_CONNECTIONS.some(one => one === fault)
}
