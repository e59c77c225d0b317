/**
 * TCP. An exchange starts with 16 bytes: how many bytes the client sends in all, and how many it wants
 * back. Its connection is closed by the client when all have come, unless a flag says otherwise:
 *
 *   hold    it stays open, and quiet
 *   again   it stays open; each SIGUSR2 makes the exchange once more
 *   stream  the exchange is made over and over on the one connection, until SIGUSR2
 *   repeat  connections are made over and over, until SIGUSR2
 *
 * With `patience=1000` an attempt to connect is given up after so many milliseconds.
 */
import { once } from 'node:events'
import { type Socket, connect, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Count, Tally } from './tally.ts'
import { type Target, untilTold } from './target.ts'

const headerBytes = 16
const pauseMs = 20

export function serve({ address, port }: Target, tally: Tally): void {
  createServer(socket => answer(socket, opened(socket, tally))).listen(port, address)
}

function answer(socket: Socket, count: () => Count): void {
  let unread: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    count().received += chunk.length
    unread = Buffer.concat([unread, chunk])
    while (unread.length >= headerBytes) {
      const length = Number(unread.readBigUInt64BE(0))
      if (unread.length < length) return
      write(socket, count, Buffer.alloc(Number(unread.readBigUInt64BE(8))))
      unread = unread.subarray(length)
    }
  })
  // A client that is killed may reset.
  socket.on('error', () => {})
}

/** Resolves when everything asked for has been exchanged; never with `again`. */
export async function call(target: Target, tally: Tally): Promise<void> {
  const isTold = untilTold(target)
  const connections = target.flags.includes('repeat') ? Infinity : target.number('connections', 1)
  for (let made = 0; made < connections && !isTold(); made++) {
    await callOnce(target, tally, isTold)
    if (target.flags.includes('repeat')) await sleep(pauseMs)
  }
}

/** The last exchange of a program that is told to end, if it was asked for one. */
export async function farewell(target: Target, tally: Tally): Promise<void> {
  const send = target.number('farewell', 0)
  if (send === 0) return
  await sleep(target.number('after', 0))
  await callOnce({ ...target, flags: [], number: only({ send }) }, tally, () => true)
}

async function callOnce(target: Target, tally: Tally, isTold: () => boolean): Promise<void> {
  const { flags } = target
  const socket = await connected(target)
  const count = opened(socket, tally)
  await exchange(socket, target, count)
  if (flags.includes('again')) {
    process.on('SIGUSR2', () => void exchange(socket, target, count))
    return
  }
  while (flags.includes('stream') && !isTold()) {
    await sleep(pauseMs)
    await exchange(socket, target, count)
  }
  if (flags.includes('hold')) return
  socket.end()
  await once(socket, 'close')
}

function only(numbers: Readonly<Record<string, number>>): Target['number'] {
  return (name, otherwise) => numbers[name] ?? otherwise
}

/** One message to the server, and its answer of the length asked for. */
async function exchange(socket: Socket, target: Target, count: () => Count): Promise<void> {
  const message = Buffer.alloc(Math.max(target.number('send', headerBytes), headerBytes))
  let missing = target.number('receive', 1)
  message.writeBigUInt64BE(BigInt(message.length), 0)
  message.writeBigUInt64BE(BigInt(missing), 8)
  write(socket, count, message)
  await new Promise<void>(resolve => {
    socket.on('data', function read(chunk: Buffer) {
      count().received += chunk.length
      missing -= chunk.length
      if (missing > 0) return
      socket.off('data', read)
      resolve()
    })
  })
}

/** Tries again until the server is there: pods start in any order. `patience=1000` is for one that stays silent. */
async function connected({ address, port, number }: Target): Promise<Socket> {
  for (;;) {
    const socket = connect(port, address)
    const isOpen = await new Promise<boolean>(resolve => {
      socket.once('connect', () => resolve(true))
      socket.once('error', () => resolve(false))
      socket.setTimeout(number('patience', 0), () => resolve(false))
    })
    socket.setTimeout(0)
    if (isOpen) return socket
    socket.destroy()
    await sleep(500)
  }
}

function opened(socket: Socket, tally: Tally): () => Count {
  const address = socket.remoteAddress ?? 'gone'
  const count = () => tally.of(address)
  count().connections++
  count().open++
  socket.once('close', () => count().open--)
  return count
}

function write(socket: Socket, count: () => Count, bytes: Buffer): void {
  count().sent += bytes.length
  socket.write(bytes)
}
