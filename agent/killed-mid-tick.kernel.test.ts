import {
  mkdirSync,
  mkdtempDisposableSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { bpfObject } from '../ci/bpf/object.ts'
import { mountBpffs } from './kernel/test/bpffs.ts'
import { ownerOf, startTraffic, type Service } from './kernel/test/traffic.ts'
import { ext4Disk } from './sinks/test/own-disk.ts'
import { writeReceiver } from './sinks/test/write-receiver.ts'
import type { Arrived } from './sinks/test/write-request-decode.ts'
import { betweenTicks, startAgent } from './test/agent-process.ts'

// The real `node agent/main.ts` on the real kernel. The disk of the second of two spools is frozen, so that the agent
// stands still in the middle of a tick: the first spool has it, and the kernel has not been told.

const KILLS = 3

test('killed between the write to a spool and the release of the flows in the kernel, no byte is counted twice', async () => {
  using bpffs = mountBpffs()
  await using disk = await ext4Disk()
  using folder = mkdtempDisposableSync(join(tmpdir(), 'podatlas-mid-tick-'))
  const [firstSpool, secondSpool] = ['sink-prometheus', 'sink-prometheus-2'].map(name =>
    join(folder.path, name),
  )
  mkdirSync(firstSpool ?? '')
  symlinkSync('/mnt', secondSpool ?? '')
  await using first = await writeReceiver()
  await using second = await writeReceiver()
  const start = () =>
    startAgent(
      [
        `--sink=prometheus,endpoint=${first.endpoint}`,
        `--sink=prometheus,endpoint=${second.endpoint}`,
        '--sink=stdout,format=json',
        `--bytecode=${bpfObject()}`,
        '--listen=127.0.0.1:0',
        '--interval=1s',
        `--pin-directory=${bpffs.pinDirectory}`,
        `--spool-directory=${folder.path}`,
      ],
      {},
      disk.wrapper,
    )
  await using stack = new AsyncDisposableStack()
  // It is there before the traffic: what connections carried before it is not counted.
  let agent = stack.use(start())
  await agent.waitFor('podatlas_agent_kernel_origin', { origin: 'loaded' }, 1)
  await using traffic = startTraffic('steady')
  await traffic.next() // it goes on
  for (let kills = 0; kills < KILLS; kills++) {
    await agent.waitFor('podatlas_transmit_bytes_total', { role: 'client' }, 'more than 0')
    await betweenTicks(agent)
    disk.freeze()
    const before = bytesIn(firstSpool)
    await vi.waitFor(() => expect(bytesIn(firstSpool)).toBeGreaterThan(before), 10_000)
    await vi.waitFor(() => expect(stateOf(agent.pid)).toBe('D'), 10_000)
    process.kill(agent.pid, 'SIGKILL')
    disk.thaw()
    await agent.end('SIGKILL')
    agent = stack.use(start())
  }
  const services = await traffic.next() // it rests
  const counted = services.flatMap(countedOf).toSorted()
  for (const { taken } of [first, second])
    await vi.waitFor(() => expect(grown(taken)).toEqual(counted), {
      timeout: 20_000,
      interval: 500,
    })
  await agent.end('SIGTERM')
  for (const { taken } of [first, second]) expect(grown(taken)).toEqual(counted)
})

function bytesIn(folder = ''): number {
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
}

/** D: it waits for a disk. */
function stateOf(pid: number): string | undefined {
  return /^\d+ \(.*\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]
}

/** What each end of a service sent and received, by its own count. */
function countedOf({ port, client, server }: Service): string[] {
  return Object.entries({ client, server }).flatMap(([role, { sent, received }]) => [
    `podatlas_transmit_bytes_total ${role} ${port}: ${sent}`,
    `podatlas_receive_bytes_total ${role} ${port}: ${received}`,
  ])
}

/** The same by the counters that arrived, of which each began anew with each agent. */
function grown(taken: readonly Arrived[]): string[] {
  const last = new Map<string, number>()
  const sums = new Map<string, number>()
  for (const { labels, value, isStale } of taken) {
    const { __name__: name = '', container_name: owner = '', ...rest } = Object.fromEntries(labels)
    if (isStale || !name.endsWith('_bytes_total') || owner !== ownerOf(rest.role ?? '')) continue
    const key = JSON.stringify(labels)
    const before = last.get(key) ?? 0
    const end = `${name} ${rest.role} ${rest.destination_port}`
    last.set(key, value)
    sums.set(end, (sums.get(end) ?? 0) + (value < before ? value : value - before))
  }
  return [...sums].map(([end, bytes]) => `${end}: ${bytes}`).toSorted()
}
