import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createHttpServer, Server as HttpServer } from 'node:http'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { bpfObject } from '../bpf/object.ts'
import { stageAgent } from '../image/agent/stage.ts'
import { freePorts } from '../ports.ts'
import type { Bench } from './result.ts'

/** Both ends of a service are ours: 740 services are 1,480 targets of six series each, near the budget. */
const SERVICES = 740
const SERIES_PER_SERVICE = 12
const SETTLE_MS = 35_000
const MEASURE_MS = 60_000
const TICKS_PER_SECOND = 100

/**
 * What the agent costs with 8,880 live series at its default interval, against a Node process that
 * does nothing. Traffic on loopback moves their bytes in every interval.
 */
export const benchAgent: Bench = async ({ isSmall, print }) => {
  const services = isSmall ? 20 : SERVICES
  const measureMs = isSmall ? 1_000 : MEASURE_MS
  const folder = mkdtempSync(join(tmpdir(), 'podatlas-bench-'))
  await using stack = new AsyncDisposableStack()
  stack.defer(() => rmSync(folder, { recursive: true }))
  await stageAgent(folder)
  const receiver = stack.use(await startReceiver())
  const bare = stack.adopt(spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)']), end)
  const [port = 0] = await freePorts('any')
  const agent = stack.adopt(startAgent(folder, port, receiver.port), end)
  // Connections older than the agent are not counted.
  while ((await metric(port, 'podatlas_agent_info')) !== 1) await sleep(100)
  stack.use(await startServices(services))

  await sleep(isSmall ? 15_000 : SETTLE_MS)
  const cpuBefore = cpuSeconds(agent)
  await sleep(measureMs)
  const cores = (cpuSeconds(agent) - cpuBefore) / (measureMs / 1_000)
  const memory = memoryMb(agent)
  const baseline = memoryMb(bare)
  const series = await metric(port, 'podatlas_agent_series')
  const expected = SERIES_PER_SERVICE * services
  if (series < expected) throw new Error(`${series} series are alive, there should be ${expected}`)
  print({
    bench: 'agent',
    metric: `CPU at ${series} series, every 10 s`,
    unit: 'core',
    measured: cores,
    goal: { atMost: 0.01 },
    limit: 'one read and one encoding per tick',
    details: { series, seconds: measureMs / 1_000 },
  })
  print({
    bench: 'agent',
    metric: 'resident memory',
    unit: 'MB',
    measured: memory.resident,
    goal: { atMost: 62 },
    limit: `${Math.round(baseline.resident)} MB, Node that does nothing`,
    details: { series, memoryMb: memory, bareNodeMb: baseline },
  })
}

function startAgent(folder: string, port: number, receiverPort: number): ChildProcess {
  const args = [
    join(folder, 'app/agent.cjs'),
    `--bytecode=${bpfObject()}`,
    `--listen=127.0.0.1:${port}`,
    `--sink=prometheus,endpoint=http://127.0.0.1:${receiverPort}/api/v1/write`,
  ]
  return spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] })
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}

async function startReceiver() {
  const server = createHttpServer((request, response) => {
    request.resume().on('end', () => response.writeHead(204).end())
  })
  return {
    port: await listen(server),
    [Symbol.asyncDispose]: () => close(server),
  }
}

/** Services that echo, and one connection to each that sends 100 bytes every 5 seconds. */
async function startServices(count: number) {
  const sockets = new Set<Socket>()
  const servers: Server[] = []
  for (let i = 0; i < count; i++) {
    const server = createServer(socket => {
      sockets.add(socket)
      socket.pipe(socket)
    })
    servers.push(server)
    const client = connect(await listen(server), '127.0.0.1')
    sockets.add(client.resume())
    await once(client, 'connect')
  }
  const clients = [...sockets]
  const timer = setInterval(() => clients.forEach(client => client.write(Buffer.alloc(100))), 5_000)
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer)
      for (const socket of sockets) socket.destroy()
      await Promise.all(servers.map(close))
    },
  }
}

/** A value of the agent's own page; NaN while there is none. */
async function metric(port: number, name: string): Promise<number> {
  const page = await fetch(`http://127.0.0.1:${port}/metrics`).then(
    answer => answer.text(),
    () => '',
  )
  return Number(new RegExp(`^${name}{.*} (.*)$`, 'm').exec(page)?.[1])
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

/** User and system time so far, proc_pid_stat(5). */
function cpuSeconds({ pid }: ChildProcess): number {
  const afterName = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1] ?? ''
  const fields = afterName.split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

function memoryMb({ pid }: ChildProcess): { resident: number; anonymous: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const megabytes = (field: string) =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1_000
  return { resident: megabytes('VmRSS'), anonymous: megabytes('RssAnon') }
}
