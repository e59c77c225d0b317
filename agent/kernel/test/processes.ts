import assert from 'node:assert/strict'
import { openTestKernel, type TestKernel } from './open.ts'
import { processLedger, truthOf, type ByProcess, type ProcessTruth } from './process-ledger.ts'
import {
  compareExactly,
  covered,
  keptInEmulation,
  type Compared,
  type Scenario,
} from './scenario.ts'
import { startTraffic } from './traffic.ts'
import { openUdpKernel } from './udp.ts'

const openAnew = () => openTestKernel({ processes: true })
const open = keptInEmulation(openAnew)

/** bpf/test/process_udp.c */
const FIRST_DATAGRAM = 100

/** Whose bytes they are by process: what each process counted itself, with its pid and its name. */
export const processScenarios: readonly Scenario[] = [
  {
    name: 'a process that is gone before the drain has its bytes and its name: clients, servers, preforked and forked workers',
    run: () => compareProcesses('processes-gone', 1),
  },
  {
    name: 'an open connection is its holder’s: a worker, an heir, who got its descriptor, a program that took the place of another',
    run: () => compareProcesses('processes-held', 8),
  },
  {
    name: 'connections that are older than the programs are those of the processes that hold them',
    run: async () => {
      await using traffic = startTraffic<ProcessTruth>('processes-older')
      await traffic.next()
      using kernel = openAnew()
      await kernel.seed()
      return await compareOn(kernel, traffic, 2)
    },
  },
  {
    name: 'two processes that had the same pid, one after the other, are two',
    run: () => compareProcesses('processes-same-pid', 1),
  },
  {
    name: 'datagrams are those of the process that sends, and of the one that receives as far as the kernel lets it be known',
    run: compareUdp,
  },
  {
    name: 'the sum over processes is what counts without them',
    run: async () => {
      const all = [
        await compareExactly('closes', { checkpoints: 2, open }),
        await compareExactly('reuse', { open }),
        await compareExactly('fast-open', { open }),
        await compareExactly('never-accepted', { checkpoints: 2, open }),
        await compareExactly('ownership', { open }),
        await compareExactly('mptcp', { checkpoints: 2, open }),
      ]
      return covered(all.flat())
    },
  },
]

async function compareProcesses(scenario: string, checkpoints: number): Promise<Compared> {
  using kernel = open()
  await using traffic = startTraffic<ProcessTruth>(scenario)
  return await compareOn(kernel, traffic, checkpoints)
}

type ProcessTraffic = ReturnType<typeof startTraffic<ProcessTruth>>

async function compareOn(
  kernel: TestKernel,
  traffic: ProcessTraffic,
  checkpoints: number,
): Promise<Compared> {
  const counts = processLedger({ kernel, programs: kernel.programs }, traffic)
  let truth: readonly ProcessTruth[] = []
  for (let checkpoint = 1; checkpoint <= checkpoints; checkpoint++) {
    truth = await traffic.next()
    await counts.drain()
    assert.deepEqual(counts.counted(), truthOf(truth))
  }
  assert.deepEqual(kernel.lostBytes(), {})
  return coveredBy(truth)
}

async function compareUdp(): Promise<Compared> {
  await using parts = await openUdpKernel({ processes: true })
  await using traffic = startTraffic<ProcessTruth>('processes-udp')
  const counts = processLedger(parts, traffic)
  parts.settle()
  await traffic.next()
  const truth = await traffic.next()
  await counts.drain()
  const known = truthOf(truth)
  if (parts.mode === 'fentry') assert.deepEqual(counts.counted(), known)
  else assert.deepEqual(counts.counted(), withoutFirstDatagram(truth))
  return coveredBy(truth)
}

/** By cgroup, what a socket receives before it has sent anything is nobody's. */
function withoutFirstDatagram(truth: readonly ProcessTruth[]): ByProcess {
  return truthOf(
    truth.flatMap(one => {
      if (one.role === 'client') return [one]
      const { name, port, role } = one
      const rest = { ...one, received: one.received - FIRST_DATAGRAM }
      return [rest, { name, port, role, opened: 0, sent: 0, received: FIRST_DATAGRAM }]
    }),
  )
}

function coveredBy(truth: readonly ProcessTruth[]): Compared {
  const sum = (read: (one: ProcessTruth) => number) =>
    truth.reduce((total, one) => total + read(one), 0)
  return {
    connections: sum(({ role, opened }) => (role === 'client' ? opened : 0)),
    datagrams: 0,
    bytes: sum(({ sent, received }) => sent + received),
  }
}
