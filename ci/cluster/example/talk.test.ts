import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
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
  expect(await lineWith(client, '"done":true')).toMatchObject({
    remotes: { '127.0.0.1': { ...bytes, connections: 4, open: 1 } },
  })
  const counted = await lineWith(server, `"sent":${bytes.received},"received":${bytes.sent}`)
  expect(counted).toMatchObject({ remotes: { '127.0.0.1': { connections: 4 } } })
})

test('streams and new connections go on until they are told to stop', async () => {
  const target = `127.0.0.1:${await freePort()}`
  start('serve', target)
  const client = start('call', `${target},send=70,stream`, `${target},send=20,repeat`)
  await lineWith(client, '"done":false')
  client.kill('SIGUSR2')
  const line = await lineWith(client, '"done":true')
  expect(line).toMatchObject({ remotes: { '127.0.0.1': { open: 0 } } })
})

test('an open connection is used again when told', async () => {
  const target = `127.0.0.1:${await freePort()}`
  start('serve', target)
  const client = start('call', `${target},send=70,receive=9,again`)
  await lineWith(client, '"sent":70,"received":9,"connections":1,"open":1')
  client.kill('SIGUSR2')
  await lineWith(client, '"sent":140,"received":18,"connections":1,"open":1')
})

test('a program that is told to end says farewell first', async () => {
  const target = `127.0.0.1:${await freePort()}`
  const server = start('serve', target)
  const client = start('call', `${target},send=70,receive=9,hold,farewell=5000,after=50`)
  await lineWith(client, '"done":true')
  client.kill('SIGTERM')
  const [code] = await once(client, 'close')
  expect(code).toBe(0)
  expect(await lineWith(server, '"received":5070')).toMatchObject({
    remotes: { '127.0.0.1': { sent: 9 + 1, connections: 2 } },
  })
})

test('both ends count the same datagrams', async () => {
  const target = `127.0.0.1:${await freePort()}`
  const server = start('echo', target)
  const client = start('ask', `${target},datagrams=5,send=300`)
  const answered = { received: 1500, datagramsReceived: 5 }
  // What it sent before the server was there was sent, too.
  const line = await lineWith(client, '"done":true')
  expect(line).toMatchObject({ remotes: { '127.0.0.1': answered } })
  const echoed = await lineWith(server, '"datagramsSent":5')
  expect(echoed).toMatchObject({
    remotes: { '127.0.0.1': { ...answered, sent: 1500, datagramsSent: 5 } },
  })
})

test('datagrams go on until they are told to stop', async () => {
  const target = `127.0.0.1:${await freePort()}`
  start('echo', target)
  const client = start('ask', `${target},send=300,stream`)
  await lineWith(client, '"done":false')
  client.kill('SIGUSR2')
  await lineWith(client, '"done":true')
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
