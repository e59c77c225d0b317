import { readdirSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { expect, test } from 'vitest'
import { decodeFlows } from '../../drain/flows.ts'
import { mountBpffs } from '../test/bpffs.ts'
import { points, runUntil } from '../test/kill-at.ts'
import { ledgerOf } from '../test/ledger.ts'
import { sumOf, type Compared } from '../test/scenario.ts'
import { startTraffic } from '../test/traffic.ts'
import { coveredDatagrams, openUdpKernel, type UdpKernel } from '../test/udp.ts'
import { objectVariant } from '../test/variant.ts'

type Version = { readonly maxFlows: number; readonly processes: boolean }

/** How an agent was killed that was to become `to`; `last` is what then started. */
type Change = { readonly from: Version; readonly to: Version; readonly last?: Version }

/** The second differs in its programs, the third in its tables of flows, which are carried over. */
const versions: readonly Version[] = [
  { maxFlows: 32_768, processes: false },
  { maxFlows: 32_768, processes: true },
  { maxFlows: 65_536, processes: true },
]

test('UDP by cgroup: killed at any step of an adoption or a change of version, each datagram counts once', async ({
  task,
}) => {
  using bpffs = mountBpffs()
  using object = objectVariant('no-fentry')
  const { bytecode } = object
  const { pinDirectory } = bpffs
  const options = (version: Version) => ({ ...version, bytecode, pinDirectory })
  /** Both lives of an agent, up to where it would drain. */
  const startUntil = (call: number, version: Version) =>
    runUntil(
      call,
      `const { openUdpKernel } = await import(KERNEL + '/test/udp.ts')
      await openUdpKernel(${JSON.stringify(options(version))})`,
    )

  let parts: UdpKernel
  let compared: Compared = { connections: 0, datagrams: 0, bytes: 0 }
  let kills = 0
  const drain = async () => {
    const drained = await parts.kernel.drain()
    const flows = decodeFlows(drained)
    drained.release()
    return flows
  }
  /** Traffic that begins under `from`; an agent as `to` is killed in the middle of it, and started again. */
  async function killAt(call: number, { from, to, last = to }: Change): Promise<readonly string[]> {
    parts = await openUdpKernel(options(from))
    await using traffic = startTraffic('udp-short')
    // Else the process that is killed shares the processors with six threads that never wait.
    setPriority(traffic.pid, constants.priority.PRIORITY_LOW)
    const counts = ledgerOf(drain, traffic)
    await traffic.next()
    parts.settle()
    await traffic.next()
    await counts.drain()
    await parts[Symbol.asyncDispose]()
    const calls = startUntil(call, to)
    parts = await openUdpKernel(options(last))
    const services = await traffic.next()
    for (let drains = 0; drains < 3; drains++) await counts.drain()
    const failures = [...parts.telemetry.udpAttachFailures.readings.values()]
    const sets = readdirSync(pinDirectory)
    await parts[Symbol.asyncDispose]()
    const life = { call, from, to, last }
    expect({ ...life, services: services.map(counts.counted) }).toEqual({ ...life, services })
    expect(failures.filter(({ value }) => value > 0)).toEqual([])
    expect(sets).toEqual([expect.stringMatching(/^v1-[0-9a-f]{16}$/)])
    compared = sumOf([compared, coveredDatagrams(services)])
    if (calls.length === 0) kills += 1
    return calls
  }

  const [first, second, third] = versions
  if (!first || !second || !third) throw new Error('no versions')
  for (const [from, to] of [
    [first, first],
    [first, second],
    [second, third],
  ] as const) {
    const calls = await killAt(-1, { from, to })
    // Until the programs are loaded only what is there is opened.
    const steps = points(calls, 1).filter(call => call >= calls.indexOf('loadObject'))
    for (const [index, call] of steps.entries()) {
      // Every other one goes back to the version before.
      await killAt(call, { from, to, last: index % 2 === 1 ? from : to })
    }
  }
  expect(kills).toBeGreaterThan(30)
  task.meta.compared = compared
  console.log(`${compared.datagrams} datagrams at both ends, killed ${kills} times: difference 0`)
}, 600_000)
