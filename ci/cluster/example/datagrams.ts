/** UDP. `echo` sends every datagram back; `ask` waits for each answer before it asks again. */
import { type Socket, createSocket } from 'node:dgram'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Tally } from './tally.ts'
import { type Target, untilTold } from './target.ts'

export function echo({ address, port }: Target, tally: Tally): void {
  const socket = createSocket('udp4')
  socket.on('message', (message, from) => {
    count(tally, from.address, 'received', message)
    send(socket, message, from, tally)
  })
  socket.bind(port, address)
}

/** With `resolve` it asks a name server for an address of the cluster, with `stream` until SIGUSR2. */
export async function ask(target: Target, tally: Tally): Promise<void> {
  const isQuestion = target.flags.includes('resolve')
  const message = isQuestion ? question : Buffer.alloc(target.number('send', 100))
  const socket = createSocket('udp4')
  socket.on('message', (answer, from) => count(tally, from.address, 'received', answer))
  const isStream = target.flags.includes('stream')
  const isTold = untilTold(target)
  for (let left = isStream ? Infinity : target.number('datagrams', 1); left > 0; left--) {
    if (isTold()) return
    if (isStream) await sleep(10)
    const answered = once(socket, 'message')
    send(socket, message, target, tally)
    // Servers start in any order. What was sent to nobody is sent all the same, and counted.
    const isAnswered = await Promise.race([answered.then(() => true), sleep(2_000, false)])
    if (!isAnswered) left++
  }
}

function send(
  socket: Socket,
  message: Buffer,
  { address, port }: { address: string; port: number },
  tally: Tally,
): void {
  count(tally, address, 'sent', message)
  socket.send(message, port, address)
}

function count(tally: Tally, address: string, way: 'sent' | 'received', message: Buffer): void {
  const counted = tally.of(address)
  counted[way] += message.length
  counted[way === 'sent' ? 'datagramsSent' : 'datagramsReceived']++
}

/** RFC 1035: header with one question, its name, type A, class IN. */
const question = Buffer.concat([
  Buffer.from([0x70, 0x61, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
  ...'kubernetes.default.svc.cluster.local'
    .split('.')
    .map(label => Buffer.from([label.length, ...Buffer.from(label)])),
  Buffer.from([0, 0, 1, 0, 1]),
])
