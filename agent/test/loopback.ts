import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmdirSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { findCgroupMount } from '../attribute/cgroup-tree.ts'

/** A cgroup below `podatlas-test-<pid>`, removed with all folders that were made for it. */
export function testCgroup(path: string): Disposable & { readonly folder: string } {
  const root = join(findCgroupMount(''), `podatlas-test-${process.pid}`)
  const folder = join(root, path)
  mkdirSync(folder, { recursive: true })
  return {
    folder,
    [Symbol.dispose]: () => {
      for (let at = folder; at.startsWith(root); at = dirname(at)) rmdirSync(at)
    },
  }
}

export type Conversation = AsyncDisposable & {
  readonly port: number
  /** Closes the connection; gives the bytes that the client's own process counted as read. */
  readonly close: () => Promise<number>
}

/**
 * A process in the cgroup opens one connection over loopback, sends `requestBytes` and reads
 * `answerBytes`; it stays open until it is closed. Neither end is the agent's own code: the client is
 * bash, whose bytes `wc` counts.
 */
export async function converse(
  folder: string,
  requestBytes: number,
  answerBytes: number,
): Promise<Conversation> {
  const { promise: answered, resolve } = Promise.withResolvers<Socket>()
  const server = createServer(socket => {
    let received = 0
    socket.on('data', data => {
      received += data.length
      if (received === requestBytes) socket.write(Buffer.alloc(answerBytes), () => resolve(socket))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0

  const script = `echo $$ > "$0/cgroup.procs" && exec 3<>/dev/tcp/127.0.0.1/${port} &&
    head -c ${requestBytes} /dev/zero >&3 && wc -c <&3`
  const client = spawn('bash', ['-c', script, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  const counted = text(client.stdout)
  const exited = once(client, 'exit')
  const socket = await answered

  async function close(): Promise<number> {
    socket.end()
    await exited
    server.close()
    return Number(await counted)
  }
  return {
    port,
    close,
    [Symbol.asyncDispose]: async () => {
      await close()
    },
  }
}
