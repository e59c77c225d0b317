/**
 * The program of the example pods and of the world's servers. It counts what it writes and reads
 * itself, per remote address, and prints the counts as one line of JSON whenever they changed.
 *
 *   talk.ts serve ADDRESS:PORT...
 *   talk.ts call ADDRESS:PORT,connections=3,send=1000,receive=5000[,hold]...
 *
 * A connection starts with 16 bytes: how many bytes the client sends in all, and how many it wants
 * back. The client closes it when all have come; with "hold" it stays open, and quiet.
 */
import { type Socket, connect, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** What one program exchanged with one remote address since it started. */
type Count = { sent: number; received: number; connections: number; open: number }

const headerBytes = 16
const counts: Record<string, Count> = {}
let isDone = false
let isPrinted = true

const [mode, ...specs] = process.argv.slice(2)
setInterval(printChanges, 200)
process.once('SIGTERM', () => process.exit(0))
if (mode === 'serve') specs.forEach(serve)
else if (mode === 'call') {
  await Promise.all(specs.map(callAll))
  isDone = true
  isPrinted = false
} else throw new Error(`mode: ${mode} is unknown. Use serve or call`)

function printChanges(): void {
  if (isPrinted) return
  isPrinted = true
  console.log(JSON.stringify({ done: isDone, remotes: counts }))
}

function countsOf(address: string): Count {
  return (counts[address] ??= { sent: 0, received: 0, connections: 0, open: 0 })
}

function serve(spec: string): void {
  const { address, port } = parseTarget(spec)
  createServer(answer).listen(port, address)
}

function answer(socket: Socket): void {
  const count = opened(socket)
  let header: Buffer = Buffer.alloc(0)
  let missing = Infinity
  socket.on('data', (chunk: Buffer) => {
    count.received += chunk.length
    isPrinted = false
    if (missing === Infinity) {
      header = Buffer.concat([header, chunk])
      if (header.length < headerBytes) return
      missing = Number(header.readBigUInt64BE(0)) - header.length
    } else missing -= chunk.length
    if (missing === 0) write(socket, count, Buffer.alloc(Number(header.readBigUInt64BE(8))))
  })
}

async function callAll(spec: string): Promise<void> {
  const [target = '', ...settings] = spec.split(',')
  const { address, port } = parseTarget(target)
  const { connections, send, receive } = numbers(settings)
  for (let index = 0; index < connections; index++) {
    await call(address, port, send, receive, settings.includes('hold'))
  }
}

async function call(
  address: string,
  port: number,
  send: number,
  receive: number,
  isHeld: boolean,
): Promise<void> {
  const socket = await connected(address, port)
  const count = opened(socket)
  const message = Buffer.alloc(Math.max(send, headerBytes))
  message.writeBigUInt64BE(BigInt(message.length), 0)
  message.writeBigUInt64BE(BigInt(receive), 8)
  write(socket, count, message)
  let missing = receive
  await new Promise<void>(resolve => {
    socket.on('data', (chunk: Buffer) => {
      count.received += chunk.length
      isPrinted = false
      missing -= chunk.length
      if (missing > 0) return
      if (!isHeld) socket.end(resolve)
      else resolve()
    })
  })
}

/** Tries again until the server is there: pods start in any order. */
async function connected(address: string, port: number): Promise<Socket> {
  for (;;) {
    const socket = connect(port, address)
    const isOpen = await new Promise<boolean>(resolve => {
      socket.once('connect', () => resolve(true))
      socket.once('error', () => resolve(false))
    })
    if (isOpen) return socket
    await sleep(500)
  }
}

function opened(socket: Socket): Count {
  const count = countsOf(socket.remoteAddress ?? 'gone')
  count.connections++
  count.open++
  isPrinted = false
  socket.once('close', () => {
    count.open--
    isPrinted = false
  })
  return count
}

function write(socket: Socket, count: Count, bytes: Buffer): void {
  count.sent += bytes.length
  isPrinted = false
  socket.write(bytes)
}

function parseTarget(spec: string): { address: string; port: number } {
  const [address = '', port] = spec.split(':')
  return { address, port: Number(port) }
}

function numbers(settings: readonly string[]): Record<'connections' | 'send' | 'receive', number> {
  const given = settings.filter(setting => setting.includes('=')).map(pair => pair.split('='))
  const values = Object.fromEntries(given.map(([name, value]) => [name, Number(value)]))
  return { connections: 1, send: headerBytes, receive: 1, ...values }
}
