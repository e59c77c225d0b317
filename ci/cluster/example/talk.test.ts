import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, expect, test } from 'vitest'

const talk = join(import.meta.dirname, 'talk.ts')
const running: ChildProcess[] = []
afterEach(() => running.splice(0).forEach(child => child.kill()))

test('both ends count the same bytes, and a held connection stays open', async () => {
  const target = `127.0.0.1:${await freePort()}`
  const server = start('serve', target)
  const short = `${target},connections=3,send=1000,receive=500000`
  const client = start('call', short, `${target},send=70,receive=9,hold`)
  const bytes = { sent: 3 * 1000 + 70, received: 3 * 500_000 + 9 }
  const counted = { ...bytes, connections: 4, open: 1 }
  expect(await lineWith(client, '"done":true')).toEqual({
    done: true,
    remotes: { '127.0.0.1': counted },
  })
  expect(await lineWith(server, `"sent":${bytes.received},"received":${bytes.sent}`)).toMatchObject(
    {
      remotes: { '127.0.0.1': { connections: 4 } },
    },
  )
})

function start(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [talk, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  running.push(child)
  return child
}

async function lineWith(child: ChildProcess, text: string): Promise<unknown> {
  if (!child.stdout) throw new Error('the program has no output')
  for await (const line of createInterface(child.stdout)) {
    if (line.includes(text)) return JSON.parse(line)
  }
  throw new Error(`no line has ${text}`)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  const address = server.address()
  await new Promise(resolve => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port is free')
  return address.port
}
