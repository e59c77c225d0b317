import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { bpfObject } from '../ci/bpf/object.ts'
import { mountBpffs, type Bpffs } from './kernel/test/bpffs.ts'
import { ownerOf, startTraffic, type Service } from './kernel/test/traffic.ts'
import { objectVariant } from './kernel/test/variant.ts'
import { betweenTicks, runAgent, startAgent, type AgentProcess } from './test/agent-process.ts'
import { testCgroup } from './test/loopback.ts'

// The real `node agent/main.ts`, killed and started again, on a bpffs that the test mounts.

const options = (bpffs: Bpffs, ...more: string[]) => [
  '--sink=stdout,format=json',
  '--bytecode',
  bpfObject(),
  '--listen=127.0.0.1:0',
  '--interval=1s',
  '--pin-directory',
  bpffs.pinDirectory,
  ...more,
]

test('kill -9 and a new start: every byte of the time in between is there', async () => {
  using bpffs = mountBpffs()
  await using first = startAgent(options(bpffs))
  await ready(first)
  await using traffic = startTraffic('closes')
  await traffic.next()
  await betweenTicks(first)
  await first.end('SIGKILL')
  const services = await traffic.next() // nobody watches
  expect(services.length).toBeGreaterThan(0)

  await using second = startAgent(options(bpffs))
  await second.waitFor('podatlas_agent_kernel_origin', { origin: 'adopted' }, 1)
  await vi.waitFor(
    () => expect(services.map(service => total([first, second], service))).toEqual(services),
    { timeout: 20_000, interval: 100 },
  )
  const { code } = await second.end('SIGTERM')
  expect(code).toBe(0)
})

// The whole volume of the promise: `npm run test:restart`.
const STREAMS = process.env['PODATLAS_STREAMS'] ?? 'streams'

test('kill -9 in the middle of transfers over 200 sockets, three times: the lives add up exactly', async () => {
  using bpffs = mountBpffs()
  await using stack = new AsyncDisposableStack()
  const lives: AgentProcess[] = []
  const start = async () => {
    const agent = stack.use(startAgent(options(bpffs)))
    lives.push(agent)
    await ready(agent)
    return agent
  }
  let agent = await start()
  await using traffic = startTraffic(STREAMS)
  await traffic.next()
  const transfers = traffic.next()
  for (let kills = 0; kills < 3; kills++) {
    await betweenTicks(agent)
    await agent.end('SIGKILL')
    await sleep(300)
    agent = await start()
  }
  const underWay = lives.slice(0, 3).map(life => bytesOf(life))
  await transfers
  const services = await traffic.next()
  await vi.waitFor(() => expect(services.map(service => total(lives, service))).toEqual(services), {
    timeout: 20_000,
    interval: 100,
  })
  expect(underWay.every(bytes => bytes > 0)).toBe(true)
  const sent = services.reduce((sum, { client, server }) => sum + client.sent + server.sent, 0)
  console.log(`${sent} bytes sent over 200 sockets, ${lives.length} lives, difference 0`)
  await agent.end('SIGTERM')
})

test('programs of another version replace the old ones, and open connections go on exactly', async () => {
  using bpffs = mountBpffs()
  await using first = startAgent(options(bpffs))
  await ready(first)
  await using traffic = startTraffic('half-closed')
  await traffic.next()
  await betweenTicks(first)
  await first.end('SIGKILL')
  await traffic.next()

  using version = objectVariant({
    file: 'tcp_state.bpf.c',
    before: 'return on_state(sk, oldstate, newstate, ',
    after: 'if (oldstate == newstate) return 0; return on_state(sk, oldstate, newstate, ',
  })
  await using second = startAgent(options(bpffs, '--bytecode', version.bytecode))
  await second.waitFor('podatlas_agent_kernel_origin', { origin: 'loaded' }, 1)
  const services = await traffic.next()
  await vi.waitFor(
    () => expect(services.map(service => total([first, second], service))).toEqual(services),
    { timeout: 20_000, interval: 100 },
  )
  expect(readdirSync(bpffs.pinDirectory)).toHaveLength(1)
  await second.end('SIGTERM')
})

test('a second agent is refused with one line, and the first one goes on', async () => {
  using bpffs = mountBpffs()
  await using first = startAgent(options(bpffs))
  await ready(first)
  const { code, stdout, stderr } = await runAgent(options(bpffs))
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(
    /^podatlas-agent: another agent counts on this host: it holds .*podatlas\. End it first.*\n$/,
  )
  const { stderr: unpinned } = await runAgent(['unpin', ...options(bpffs)])
  expect(unpinned).toMatch(/^podatlas-agent: another agent counts on this host.*\n$/)
  await betweenTicks(first)
  await first.end('SIGTERM')
})

test('after its end the programs stay; unpin removes them, and says so when there are none', async () => {
  using bpffs = mountBpffs()
  await using agent = startAgent(options(bpffs))
  await ready(agent)
  const own = linksOf(agent)
  expect(own.length).toBeGreaterThanOrEqual(3)
  await agent.end('SIGTERM')
  expect(inKernel(own)).toEqual(own)

  const { code, stdout } = await runAgent(['unpin', ...options(bpffs)])
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: expect.stringMatching(/^podatlas-agent: \d\d+ pins removed, .*podatlas with them\n$/),
  })
  expect(readdirSync(bpffs.folder).filter(name => !name.includes('.'))).toEqual([])
  await vi.waitFor(() => expect(inKernel(own)).toEqual([]), 5_000)
  expect(await runAgent(['unpin', ...options(bpffs)])).toMatchObject({
    code: 0,
    stdout: 'podatlas-agent: nothing is pinned\n',
  })
})

test('what an agent left that was killed while it pinned is removed', async () => {
  using bpffs = mountBpffs()
  mkdirSync(join(bpffs.pinDirectory, 'new-v1-0123456789abcdef'), { recursive: true })
  await using agent = startAgent(options(bpffs))
  await ready(agent)
  expect(readdirSync(bpffs.pinDirectory)).toEqual([expect.stringMatching(/^v1-[0-9a-f]{16}$/)])
  await agent.end('SIGTERM')
})

test.each([
  ['is no bpffs', 'mount -t tmpfs none "$MOUNT"', /is not on a bpffs\. Mount it: mount -t bpf/],
  ['is read-only', 'mount -o remount,ro "$MOUNT"', /EROFS: read-only file system.*writable/],
])(
  'where the pin directory %s the agent runs, and says in one line what is lost',
  async (_, change, why) => {
    using bpffs = mountBpffs()
    // On a new machine nothing may be in the hierarchy of version 2, which is told as well.
    using machine = new DisposableStack()
    machine.use(testCgroup('used.service'))
    mkdirSync(bpffs.pinDirectory)
    const script = change.replaceAll('$MOUNT', bpffs.folder)
    const wrapper = ['unshare', '--mount', 'sh', '-c', `${script} && exec "$0" "$@"`]
    await using agent = startAgent(options(bpffs), {}, wrapper)
    await agent.waitFor('podatlas_agent_kernel_pins_unavailable', {}, 1)
    const { code, stderr } = await agent.end('SIGTERM')
    const warnings = stderr.split('\n').filter(line => line.includes(' warning '))
    expect({ code, warnings }).toEqual({ code: 0, warnings: [expect.stringMatching(why)] })
    expect(existsSync(join(bpffs.pinDirectory))).toBe(true)
    expect(readdirSync(bpffs.pinDirectory)).toEqual([])
  },
)

const NET_ADMIN = (1n << 12n).toString(16).padStart(16, '0')
const NOTHING = '0'.repeat(16)
const small = ['setpriv', '--bounding-set=-all,+bpf,+perfmon', '--inh-caps=-all']
// To the kernel a user like any other: what it has it was given, and executes with as ambient capabilities.
const given = (...names: string[]) => [
  'setpriv',
  '--securebits=+noroot',
  ...['inh', 'ambient'].map(set => `--${set}-caps=${['-all', ...names].join(',')}`),
]

test.each([
  ['root', [], ['--udp=off'], NOTHING],
  ['root, with UDP by cgroup', [], [], NET_ADMIN],
  ['root with two capabilities', small, ['--udp=off'], NOTHING],
  ['no root, with two capabilities', given('+bpf', '+perfmon'), ['--udp=off'], NOTHING],
  ['no root, with UDP by cgroup', given('+bpf', '+perfmon', '+net_admin'), [], NET_ADMIN],
])(
  'every thread of an agent that counts has given up its capabilities: %s',
  async (_, wrapper, more, kept) => {
    using bpffs = mountBpffs()
    await using agent = startAgent(options(bpffs, ...more), {}, wrapper)
    await ready(agent)
    const mode = agent.lines.find(({ name, value }) => name === 'podatlas_agent_udp_mode' && value)
    const expected = mode?.labels['mode'] === 'cgroup' ? kept : NOTHING
    const { pid } = agent
    const threads = readdirSync(`/proc/${pid}/task`)
    expect(threads.length).toBeGreaterThan(4)
    for (const thread of threads) {
      const status = readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8')
      for (const set of ['Prm', 'Eff']) expect(status).toContain(`Cap${set}:\t${expected}\n`)
      for (const set of ['Inh', 'Amb'])
        expect([NOTHING, expected]).toContain(capability(status, set))
      expect(status).toMatch(/^NoNewPrivs:\t1$/m)
    }
    await using traffic = startTraffic('closes')
    await traffic.next()
    const services = await traffic.next()
    await vi.waitFor(
      () => expect(services.map(service => total([agent], service))).toEqual(services),
      { timeout: 20_000, interval: 100 },
    )
    await agent.end('SIGTERM')
  },
)

const capability = (status: string, set: string) =>
  new RegExp(`^Cap${set}:\\t(\\w+)$`, 'm').exec(status)?.[1]

const ready = (agent: AgentProcess) => agent.waitFor('podatlas_agent_info', {}, 1)

/** What the agents showed of a service in all their lives, in the shape of the truth. */
function total(agents: readonly AgentProcess[], service: Service): Service {
  const sum = (name: string, role: string) =>
    agents.reduce((all, { lines }) => {
      const newest = lines.findLast(
        line =>
          line.name === name &&
          line.labels['role'] === role &&
          line.labels['container_name'] === ownerOf(role) &&
          line.labels['destination_port'] === String(service.port),
      )
      return all + (newest?.value ?? 0)
    }, 0)
  const end = (role: string) => ({
    opened: sum('podatlas_connections_opened_total', role),
    sent: sum('podatlas_transmit_bytes_total', role),
    received: sum('podatlas_receive_bytes_total', role),
    datagramsSent: sum('podatlas_transmit_datagrams_total', role),
    datagramsReceived: sum('podatlas_receive_datagrams_total', role),
  })
  return { ...service, client: end('client'), server: end('server') }
}

/** Bytes that an agent showed of the transfers. */
function bytesOf({ lines }: AgentProcess): number {
  return lines
    .filter(({ name, labels }) => name.endsWith('bytes_total') && labels['role'] === 'client')
    .filter(({ labels }) => labels['container_name'] === ownerOf('client'))
    .reduce((sum, { value = 0 }) => sum + value, 0)
}

/** Numbers of the links that the agent holds. */
function linksOf({ pid }: AgentProcess): number[] {
  const facts = readdirSync(`/proc/${pid}/fdinfo`).map(fd =>
    readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'),
  )
  return facts.flatMap(text => Number(/^link_id:\s+(\d+)/m.exec(text)?.[1] ?? 0) || [])
}

/** Those that the kernel still has. */
function inKernel(links: readonly number[]): number[] {
  const shown: { id: number }[] = JSON.parse(
    execFileSync('bpftool', ['-j', 'link'], { encoding: 'utf8' }),
  )
  return links.filter(link => shown.some(({ id }) => id === link))
}
