import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer, Server as HttpServer } from 'node:http'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { bpfObject } from '../../bpf/object.ts'
import { stagePrograms } from '../../image/agent/stage.ts'
import { freePorts } from '../../ports.ts'
import { startMeasured, type MeasuredProcess } from '../api/process.ts'

/** Both ends of a service are ours: two targets of bytes (2), connections (1) and round-trip times (3). */
const SERIES_PER_SERVICE = 12

export type MeasuredAgent = AsyncDisposable & {
  readonly process: MeasuredProcess
  /** A value of its own page, summed over labels; NaN while there is none. */
  readonly metric: (name: string) => Promise<number>
  /** Makes so many series at least and moves the bytes of each in every interval, until it is disposed. */
  readonly load: (series: number) => Promise<AsyncDisposable>
}

/**
 * The agent as it is in the image, on the real kernel, with a receiver of remote write; `interval` is
 * one of its settings, such as 10s. It pins nothing.
 */
export async function startMeasuredAgent(interval: string): Promise<MeasuredAgent> {
  await using stack = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'podatlas-bench-'))
  stack.defer(() => rmSync(folder, { recursive: true }))
  await stagePrograms(folder)
  const receiver = createHttpServer((request, response) => {
    request.resume().on('end', () => response.writeHead(204).end())
  })
  stack.defer(() => close(receiver))
  const endpoint = `http://127.0.0.1:${await listen(receiver)}/api/v1/write`
  const [port = 0] = await freePorts('any')
  const config = {
    interval,
    listen: `127.0.0.1:${port}`,
    // Nine tenths are for remote ends: the rest is for what folds.
    maxSeries: 12_000,
    kernel: { bytecode: bpfObject(), pinDirectory: '' },
    kubernetes: { enabled: 'off' },
    sinks: { main: { type: 'prometheus', endpoint } },
  }
  const configFile = join(folder, 'agent.json')
  writeFileSync(configFile, JSON.stringify(config))
  const process = stack.use(startMeasured([join(folder, 'app/agent.cjs'), '--config', configFile]))
  // Connections older than the agent are not counted.
  while ((await metric(port, 'podatlas_agent_info')) !== 1) await sleep(100)
  const owned = stack.move()
  return {
    process,
    metric: name => metric(port, name),
    load: series => startServices(Math.ceil(series / SERIES_PER_SERVICE)),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** Services that echo, and one connection to each that sends 100 bytes twice a second. */
async function startServices(count: number): Promise<AsyncDisposable> {
  const sockets: Socket[] = []
  const servers: Server[] = []
  for (let i = 0; i < count; i++) {
    const server = createServer(socket => {
      sockets.push(socket)
      socket.pipe(socket)
    })
    servers.push(server)
    const client = connect(await listen(server), '127.0.0.1')
    sockets.push(client.resume())
    await once(client, 'connect')
  }
  const bytes = new Uint8Array(100)
  const timer = setInterval(() => sockets.forEach(socket => socket.write(bytes)), 500)
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer)
      for (const socket of sockets) socket.destroy()
      await Promise.all(servers.map(close))
    },
  }
}

async function metric(port: number, name: string): Promise<number> {
  const page = await fetch(`http://127.0.0.1:${port}/metrics`).then(
    answer => answer.text(),
    () => '',
  )
  const values = [...page.matchAll(new RegExp(`^${name}(?:{.*})? (.*)$`, 'gm'))]
  return values.length === 0 ? Number.NaN : values.reduce((sum, [, text]) => sum + Number(text), 0)
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not a TCP server')
  return address.port
}

async function close(server: Server): Promise<void> {
  server.close()
  if (server instanceof HttpServer) server.closeAllConnections()
  await once(server, 'close')
}
