import { readdirSync, symlinkSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Kernel } from '../kernel.ts'
import { mountBpffs } from '../test/bpffs.ts'
import { installUntil, openInstalled, type Install } from '../test/install.ts'
import { points } from '../test/kill-at.ts'
import { ledger } from '../test/ledger.ts'
import { openTestKernel } from '../test/open.ts'
import { startTraffic, type Traffic } from '../test/traffic.ts'
import { objectVariant } from '../test/variant.ts'

test('what programs with another layout of flows counted is in the drains of the next ones, by name', async () => {
  using bpffs = mountBpffs()
  const { pinDirectory } = bpffs
  using older = objectVariant({
    file: 'wire.h',
    before: '__u64 bytes_sent;\n\t__u64 bytes_received;',
    after: '__u64 bytes_received;\n\t__u64 bytes_sent;',
  })
  await using traffic = await countWith({ pinDirectory, bytecode: older.bytecode })

  // Killed at the last removal, when all is carried over: it is not carried over twice.
  expect(installUntil('rmdirSync', { pinDirectory })).toEqual([])
  expect(readdirSync(pinDirectory)).toHaveLength(2)
  using kernel = openInstalled({ pinDirectory })
  await compare(kernel, traffic)
  expect(readdirSync(pinDirectory)).toHaveLength(1)
})

test.each([
  {
    table: 'sockets, and started again with either',
    smaller: { maxSockets: 65_536 },
    larger: { maxSockets: 131_072 },
    goesBack: (trial: number) => trial % 3 === 2,
  },
  {
    table: 'flows, and started again with the one before',
    smaller: { maxFlows: 4_096 },
    larger: { maxFlows: 8_192 },
    goesBack: () => true,
  },
])(
  'killed at any step of a change to another table of $table: each connection counts once',
  async ({ smaller, larger, goesBack }) => {
    using bpffs = mountBpffs()
    const { pinDirectory } = bpffs
    using kernels = new DisposableStack()
    const open = (sizes: typeof smaller) => openInstalled({ pinDirectory, ...sizes })
    open(larger)[Symbol.dispose]()
    const steps = points(installUntil(-1, { pinDirectory, ...smaller }))
    await using traffic = startTraffic('changes')
    let kernel = open(smaller)
    kernels.defer(() => kernel[Symbol.dispose]())
    const counts = ledger({ ...kernel, drain: () => kernel.drain() }, traffic)
    await traffic.next()
    let installed = smaller
    for (const [trial, step] of steps.entries()) {
      const next = installed === smaller ? larger : smaller
      // What it takes and does not release is for the next one, beside what is carried over.
      await kernel.drain()
      kernel[Symbol.dispose]()
      expect(installUntil(step, { pinDirectory, ...next })).toEqual([])
      if (!goesBack(trial)) installed = next
      kernel = open(installed)
      await counts.drain()
      await counts.drain()
      expect(readdirSync(pinDirectory)).toHaveLength(1)
    }
    const services = await traffic.next()
    await counts.drain()
    await counts.drain()
    expect(services.map(counts.counted)).toEqual(services)
    console.log(`killed at ${steps.length} steps of a change of size`)
  },
  300_000,
)

test('killed at any step of a change to a table of flows that is too small: what has no room is lost, and told once', async () => {
  const [before, next] = [{ maxFlows: 4_096 }, { maxFlows: 1, maxOverflow: 1 }]
  const calls = callsOfChange(before, next)
  const steps = points(calls).filter(step => step >= calls.lastIndexOf('symlinkSync') - 1)
  for (const step of steps) {
    using bpffs = mountBpffs()
    const { pinDirectory } = bpffs
    const first = openInstalled({ pinDirectory, ...before })
    await using traffic = startTraffic('closes')
    await traffic.next()
    const carried = (await traffic.next())
      .flatMap(({ client, server }) => [client, server])
      .reduce((sum, { sent, received }) => sum + sent + received, 0)
    first[Symbol.dispose]()
    expect(installUntil(step, { pinDirectory, ...next })).toEqual([])
    using kernel = openTestKernel({ pinDirectory, ...next, maxSockets: 131_072 })
    const counts = ledger(kernel, traffic)
    for (let drains = 0; drains < 3; drains++) await counts.drain()
    const lost = kernel.lostBytes()['overflow_full'] ?? 0
    const found = counts.flows().reduce((sum, flow) => sum + flow.bytesSent + flow.bytesReceived, 0)
    // Others on this machine lose theirs, too.
    expect(found + lost, calls[step]).toBeGreaterThanOrEqual(carried)
    expect(lost, calls[step]).toBeLessThan(1.5 * carried)
  }
  expect(steps.length).toBeGreaterThan(2)
})

test('a note of the first agents, who kept what they had carried over, is heeded by the version before', async () => {
  const [before, next] = [{ maxFlows: 4_096 }, { maxFlows: 8_192 }]
  const calls = callsOfChange(before, next)
  using bpffs = mountBpffs()
  const { pinDirectory } = bpffs
  await using traffic = await countWith({ pinDirectory, ...before })
  const [set = ''] = readdirSync(pinDirectory)
  // It is counted in the new tables already, and the old ones still have their pins.
  const carried = calls.lastIndexOf('symlinkSync') + 1
  expect(calls[carried]).toBe('unlinkSync')
  expect(installUntil(carried, { pinDirectory, ...next })).toEqual([])
  const successor = readdirSync(pinDirectory).find(name => name !== set) ?? ''
  unlinkSync(join(pinDirectory, successor, 'carrying'))
  symlinkSync(JSON.stringify([set]), join(pinDirectory, successor, 'carried-0'))

  using kernel = openInstalled({ pinDirectory, ...before })
  await compare(kernel, traffic)
})

test('two sets of pins with the same tables of flows are carried over once', async () => {
  const [before, between] = [{ maxFlows: 4_096 }, { maxFlows: 4_096, processes: true }]
  const calls = callsOfChange(before, between)
  using bpffs = mountBpffs()
  const { pinDirectory } = bpffs
  await using traffic = await countWith({ pinDirectory, ...before })
  // Its set is complete, and that before not yet retired.
  expect(installUntil(calls.lastIndexOf('renameSync') + 1, { pinDirectory, ...between })).toEqual(
    [],
  )
  expect(readdirSync(pinDirectory)).toHaveLength(2)

  using kernel = openInstalled({ pinDirectory, maxFlows: 8_192 })
  await compare(kernel, traffic)
})

test('where the old programs are not complete, they end first, and open connections go on exactly', async () => {
  using bpffs = mountBpffs()
  const { pinDirectory } = bpffs
  let kernel = openInstalled({ pinDirectory })
  await using traffic = startTraffic('closes')
  const counts = ledger({ ...kernel, drain: () => kernel.drain() }, traffic)
  await traffic.next()
  await counts.drain()
  for (const maxSockets of [262_144, 65_536]) {
    kernel[Symbol.dispose]()
    const [set = ''] = readdirSync(pinDirectory)
    unlinkSync(join(pinDirectory, set, 'links-tcp_state_twin'))
    kernel = openInstalled({ pinDirectory, maxSockets })
    await counts.drain()
    await counts.drain()
  }
  const services = await traffic.next()
  await counts.drain()
  await counts.drain()
  kernel[Symbol.dispose]()
  expect(services.map(counts.counted)).toEqual(services)
})

/** Traffic up to its second checkpoint, while an agent that drains nothing lives. */
async function countWith(install: Install): Promise<Traffic> {
  using _ = openInstalled(install)
  const traffic = startTraffic('half-closed')
  await traffic.next()
  await traffic.next()
  return traffic
}

/** Up to its last checkpoint, with all that was counted until then. */
async function compare(kernel: Kernel, traffic: Traffic): Promise<void> {
  const counts = ledger(kernel, traffic)
  const services = await traffic.next()
  for (let drains = 0; drains < 3; drains++) await counts.drain()
  expect(services.map(counts.counted)).toEqual(services)
}

/** What a change from one to the other calls. */
function callsOfChange(from: Partial<Install>, to: Partial<Install>): string[] {
  using bpffs = mountBpffs()
  const { pinDirectory } = bpffs
  openInstalled({ pinDirectory, ...from })[Symbol.dispose]()
  return installUntil(-1, { pinDirectory, ...to })
}
