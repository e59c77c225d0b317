import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Worker } from 'node:worker_threads'

/** Listens, and sleeps till it is woken: nobody is taken in. */
const SLEEPER = `
  const { connect, createServer } = require('node:net')
  const { parentPort, workerData: { leadsTo, sleep } } = require('node:worker_threads')
  const server = createServer(socket => {
    const onward = connect(leadsTo, '127.0.0.1')
    for (const [one, other] of [[socket, onward], [onward, socket]])
      one.on('error', () => undefined).on('close', () => other.destroy()).pipe(other)
  })
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage(server.address().port)
    Atomics.wait(sleep, 0, 0)
  })
`
/** Of a backlog of 1 Linux lets one more in. */
const ROOM = 2

/**
 * A listener on loopback whose backlog is full: nobody answers the SYN of who connects, as behind a firewall that
 * drops. Woken, it leads to a port on loopback.
 */
export async function fullListener(leadsTo = 0) {
  const sleep = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(SLEEPER, { eval: true, workerData: { leadsTo, sleep } })
  const [port]: number[] = await once(worker, 'message')
  if (port === undefined) throw new Error('not listening')
  const inBacklog: Socket[] = []
  while (inBacklog.length < ROOM) {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    inBacklog.push(socket.on('error', () => undefined))
  }
  return {
    host: `127.0.0.1:${port}`,
    wakeUp: () => {
      Atomics.store(sleep, 0, 1)
      Atomics.notify(sleep, 0)
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of inBacklog) socket.destroy()
      await worker.terminate()
    },
  }
}
