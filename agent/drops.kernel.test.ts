import { execFileSync } from 'node:child_process'
import { mkdtempDisposableSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { bpfObject } from '../ci/bpf/object.ts'
import { dropsIn, nameDrop, openDrops } from './kernel/tables/drops.ts'
import { openKernel } from './kernel/kernel.ts'
import { installPrograms } from './kernel/programs.ts'
import { mountBpffs, type Bpffs } from './kernel/test/bpffs.ts'
import { startTraffic } from './kernel/test/traffic.ts'
import { dropReasons } from './kernel/wire.gen.ts'
import { createTelemetry, type Telemetry } from './telemetry.ts'
import { betweenTicks, startAgent, type AgentProcess } from './test/agent-process.ts'

// What could not be counted is told once, whichever agent lives when it is read.

/** At least so many sockets of a `small-crowd` find a table of 1,024 full, while all are open and in a burst. */
const TOGETHER = 16_000 - 1_024
const BURST = 8 * (2_000 - 1_024)

test('drops that an agent did not live to read, and those after its end, are told by the next one, once', async () => {
  using bpffs = mountBpffs()
  using folder = mkdtempDisposableSync(join(tmpdir(), 'podatlas-drops-'))
  const config = join(folder.path, 'config.yaml')
  writeFileSync(config, 'kernel: { maxSockets: 1024 }\n')
  const options = ['--config', config, '--bytecode', bpfObject(), '--listen=127.0.0.1:0']
  options.push('--sink=stdout,format=json', '--interval=1s', '--pin-directory', bpffs.pinDirectory)
  const lives: AgentProcess[] = []
  await using stack = new AsyncDisposableStack()
  const start = async () => {
    const agent = stack.use(startAgent(options))
    lives.push(agent)
    await agent.waitFor('podatlas_agent_info', {}, 1)
    return agent
  }
  const toldByEach = () => lives.map(life => eventsOf([life])['sockets_full'] ?? 0)
  const allTold = async () => {
    await vi.waitFor(() => expect(eventsOf(lives)).toEqual(inKernel(bpffs, 'events')), 20_000)
    return toldByEach()
  }

  const first = await start()
  await using traffic = startTraffic('small-crowd')
  await traffic.next()
  await allTold()
  await traffic.next()
  await betweenTicks(first)
  process.kill(first.pid, 'SIGSTOP')
  await traffic.next()
  await first.end('SIGKILL')
  await traffic.next() // nobody watches
  const second = await start()
  await allTold()
  await betweenTicks(second)
  await second.end('SIGKILL')
  // Others on this machine may find the table full, too: only now these two have told all they will.
  const told = toldByEach()
  expect(told[0]).toBeGreaterThanOrEqual(TOGETHER)
  expect(told[1]).toBeGreaterThanOrEqual(2 * BURST)
  const third = await start()
  await betweenTicks(third)
  await allTold()
  await traffic.next()
  const toldAtLast = await allTold()
  expect(toldAtLast.slice(0, 2)).toEqual(told)
  expect(toldAtLast[2]).toBeGreaterThanOrEqual(BURST)
  console.log(`sockets that found the table full, as told by each life: ${toldAtLast.join(', ')}`)
})

test('so are the bytes that are lost for good', async () => {
  using bpffs = mountBpffs()
  const { pinDirectory } = bpffs
  const lives: Telemetry[] = []
  const open = () => {
    const sizes = { maxFlows: 1, maxOverflow: 1, maxSockets: 4_096 }
    const log = console.error
    const programs = installPrograms({ bytecode: bpfObject(), sizes, pinDirectory, log })
    const telemetry = createTelemetry('test', '0')
    lives.push(telemetry)
    return openKernel({ programs, telemetry })
  }
  const told = () => lives.map(lostBytes)
  const inAll = () => Object.values(inKernel(bpffs, 'bytes')).reduce((sum, bytes) => sum + bytes, 0)

  const first = open()
  await loseSome()
  const delivered = await first.drain()
  const [toldFirst = 0] = told()
  expect(toldFirst).toBe(inAll())
  delivered.release()
  await loseSome()
  const unread = inAll() - toldFirst
  first[Symbol.dispose]()
  await loseSome() // nobody watches
  const losses = inAll()
  // Read, and killed before it was delivered: told again.
  const killed = open()
  await killed.drain()
  killed[Symbol.dispose]()
  for (let life = 3; life <= 4; life++) {
    using kernel = open()
    await kernel.drain()
    const { release } = await kernel.drain()
    release()
  }
  expect(toldFirst).toBeGreaterThan(0)
  expect(unread).toBeGreaterThan(0)
  expect(losses).toBeGreaterThan(toldFirst + unread)
  expect(told()).toEqual([toldFirst, losses - toldFirst, losses - toldFirst, 0])
  console.log(`bytes lost, as told by each life: ${told().join(', ')}`)
})

test('the next version tells what an older one did not, also for a reason that it lacks itself', async () => {
  using bpffs = mountBpffs()
  const { pinDirectory } = bpffs
  const open = (maxFlows: number, prepare = (_dropsFd: number) => {}) => {
    const sizes = { maxFlows, maxOverflow: 1, maxSockets: 4_096 }
    const log = console.error
    const programs = installPrograms({ bytecode: bpfObject(), sizes, pinDirectory, log })
    prepare(programs.mapFd('drops'))
    const telemetry = createTelemetry('test', '0')
    return { kernel: openKernel({ programs, telemetry }), telemetry }
  }
  const older = open(1, dropsFd => {
    using drops = openDrops(dropsFd)
    const flowsFull = dropsIn(drops.bytes).find(({ reason }) => reason === 'flows_full')
    if (flowsFull) nameDrop(drops.bytes, { ...flowsFull, reason: 'once_upon_a_time' })
  })
  await loseSome()
  const { release } = await older.kernel.drain()
  release()
  await loseSome()
  older.kernel[Symbol.dispose]()
  await loseSome() // nobody watches
  const [events, bytes] = [inKernel(bpffs, 'events'), inKernel(bpffs, 'bytes')]

  const lives = [older.telemetry]
  // Each is a version of its own; what the second one is killed before telling the third one tells.
  for (const { maxFlows, isKilled } of [
    { maxFlows: 512, isKilled: true },
    { maxFlows: 1_024, isKilled: false },
    { maxFlows: 2_048, isKilled: false },
  ]) {
    const { kernel, telemetry } = open(maxFlows)
    if (!isKilled) {
      for (let drains = 0; drains < 2; drains++) {
        const drained = await kernel.drain()
        drained.release()
      }
      lives.push(telemetry)
    }
    kernel[Symbol.dispose]()
  }
  const sum = (reason: string, counter: 'kernelDrops' | 'lostBytes') =>
    lives.map(life => valueOf(life[counter], reason)).reduce((total, value) => total + value, 0)
  expect(events['flows_full']).toBeGreaterThan(0)
  expect(sum('once_upon_a_time', 'kernelDrops')).toBe(events['flows_full'])
  expect(sum('overflow_full', 'lostBytes')).toBe(bytes['overflow_full'])
  expect(valueOf(lives[1]?.kernelDrops, 'once_upon_a_time')).toBeGreaterThan(0)
  expect(valueOf(lives[2]?.kernelDrops, 'once_upon_a_time')).toBe(0)
})

function valueOf(counter: Telemetry['kernelDrops'] | undefined, reason: string): number {
  const readings = [...(counter?.readings.values() ?? [])]
  return readings.find(({ labels }) => labels['reason'] === reason)?.value ?? 0
}

/** What the kernel's map holds, as another program reads it. */
function inKernel({ pinDirectory }: Bpffs, field: 'events' | 'bytes'): Record<string, number> {
  const [set = ''] = readdirSync(pinDirectory)
  const dump = ['-j', 'map', 'dump', 'pinned', join(pinDirectory, set, 'maps-drops')]
  const entries: { formatted: { key: number; value: Record<string, number> } }[] = JSON.parse(
    execFileSync('bpftool', dump, { encoding: 'utf8' }),
  )
  const own = entries.slice(0, dropReasons.length)
  return Object.fromEntries(
    own.map(({ formatted: { key, value } }) => [dropReasons[key], value[field] ?? 0]),
  )
}

/** Drops by reason that the agents showed in all their lives. */
function eventsOf(lives: readonly AgentProcess[]): Record<string, number> {
  return Object.fromEntries(
    dropReasons.map(reason => [
      reason,
      lives.reduce((sum, { lines }) => sum + newest(lines, reason), 0),
    ]),
  )
}

function newest(lines: AgentProcess['lines'], reason: string): number {
  const line = lines.findLast(
    ({ name, labels }) =>
      name === 'podatlas_agent_kernel_drops_total' && labels['reason'] === reason,
  )
  return line?.value ?? 0
}

/** Hardly any flow has room: most of what the connections carried is lost. */
async function loseSome(): Promise<void> {
  await using traffic = startTraffic('closes')
  await traffic.next()
  await traffic.next()
}

function lostBytes({ lostBytes: { readings } }: Telemetry): number {
  return [...readings.values()].reduce((sum, { value }) => sum + value, 0)
}
