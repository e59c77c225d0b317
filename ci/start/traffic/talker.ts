/**
 * One container or the far ends of the demo world: follows its plan, and counts what it writes
 * and reads itself, which is the witness for what the agent says. Ends with its parent.
 */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Call, Count, Order, Report } from './plan.ts'

type Tally = { -readonly [Field in keyof Count]: Count[Field] }
type Conversation = { readonly socket: Socket; readonly tally: Tally; received: number }

const headerBytes = 8
const tallies = new Map<string, Tally>()
const settling = new AbortController()
let calls: Promise<unknown> = Promise.resolve()

process.on('disconnect', () => process.exit())
process.on('message', (order: Order) => void follow(order))
report({ kind: 'present' })

async function follow(order: Order): Promise<void> {
  switch (order.kind) {
    case 'listen':
      await Promise.all(order.plan.listen.map(listen))
      return report({ kind: 'listening' })
    case 'call':
      calls = Promise.all(order.plan.calls.map(callAgain))
      return report({ kind: 'calling' })
    case 'settle':
      settling.abort()
      await calls
      return report({ kind: 'settled' })
    case 'count':
      return report({ kind: 'counted', counts: [...tallies.values()] })
  }
}

async function listen(port: number): Promise<void> {
  await once(createServer(socket => answer(socket, port)).listen(port), 'listening')
}

async function callAgain(call: Call): Promise<void> {
  let conversation: Conversation | undefined
  while (!settling.signal.aborted) {
    conversation ??= await open(call)
    await exchange(conversation, call)
    if (!call.staysOpen) {
      conversation.socket.end()
      await once(conversation.socket, 'close')
      conversation = undefined
    }
    await sleep(call.pauseMs, undefined, { signal: settling.signal }).catch(() => {})
  }
}

async function open({ from, address, port }: Call): Promise<Conversation> {
  const socket = connect({ host: address, port, ...(from !== undefined && { localAddress: from }) })
  await once(socket, 'connect')
  return converse(socket, 'client', address, port)
}

async function exchange(conversation: Conversation, call: Call): Promise<void> {
  const request = Buffer.alloc(call.requestBytes)
  request.writeUInt32BE(call.requestBytes, 0)
  request.writeUInt32BE(call.responseBytes, 4)
  conversation.received = 0
  send(conversation, request)
  while (conversation.received < call.responseBytes) await once(conversation.socket, 'data')
}

/** Answers each request with as many bytes as its header asks for. */
function answer(socket: Socket, port: number): void {
  const conversation = converse(socket, 'server', socket.remoteAddress ?? '', port)
  let header = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    if (header.length < headerBytes)
      header = Buffer.concat([header, chunk.subarray(0, headerBytes - header.length)])
    // Callers wait for the answer before they ask again, so a chunk never spans two requests.
    if (header.length < headerBytes || conversation.received < header.readUInt32BE(0)) return
    send(conversation, Buffer.alloc(header.readUInt32BE(4)))
    conversation.received = 0
    header = Buffer.alloc(0)
  })
}

function converse(
  socket: Socket,
  role: Count['role'],
  remoteAddress: string,
  port: number,
): Conversation {
  // A socket that listens on :: sees IPv4 callers as v4-mapped addresses.
  const address = remoteAddress.replace(/^::ffff:(?=\d+\.)/, '')
  const key = `${role} ${address} ${port}`
  const tally = tallies.get(key) ?? newTally(role, address, port)
  tallies.set(key, tally)
  const conversation = { socket, tally, received: 0 }
  tally.openConnections++
  socket.on('close', () => tally.openConnections--)
  socket.on('data', (chunk: Buffer) => {
    tally.bytesReceived += chunk.length
    conversation.received += chunk.length
  })
  return conversation
}

function newTally(role: Count['role'], address: string, port: number): Tally {
  return { role, address, port, bytesSent: 0, bytesReceived: 0, openConnections: 0 }
}

function send({ socket, tally }: Conversation, payload: Buffer): void {
  tally.bytesSent += payload.length
  socket.write(payload)
}

function report(message: Report): void {
  process.send?.(message)
}
