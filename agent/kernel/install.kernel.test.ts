import { readdirSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bpfObject } from '../../ci/bpf/object.ts'
import { createTelemetry } from '../telemetry.ts'
import { openKernel } from './kernel.ts'
import { installPrograms } from './programs.ts'
import { mountBpffs } from './test/bpffs.ts'
import { points, runUntil, UNTIL_CARRIED } from './test/kill-at.ts'
import { ledger } from './test/ledger.ts'
import { startTraffic } from './test/traffic.ts'
import { objectVariant } from './test/variant.ts'

const sizes = { maxFlows: 4_096, maxOverflow: 256, maxSockets: 131_072 }

function installUntil(
  call: number,
  bytecode: string,
  pinDirectory: string,
  maxSockets = sizes.maxSockets,
): string[] {
  const options = JSON.stringify({ bytecode, pinDirectory, sizes: { ...sizes, maxSockets } })
  return runUntil(
    call,
    `const { installPrograms } = await import(KERNEL + '/programs.ts')
    installPrograms({ ...${options}, log: () => {} })`,
  )
}

test('killed at any step of a start, an adoption or a replacement: the next start loses no byte', async () => {
  using bpffs = mountBpffs()
  const { pinDirectory } = bpffs
  using other = objectVariant({
    file: 'tcp_state.bpf.c',
    before: 'return on_state(sk, oldstate, newstate);',
    after: 'if (oldstate == newstate) return 0; return on_state(sk, oldstate, newstate);',
  })
  const versions = [bpfObject(), other.bytecode]
  const [first = '', second = ''] = versions
  const open = (bytecode: string) => {
    const programs = installPrograms({ bytecode, pinDirectory, sizes, log: console.error })
    return openKernel({ programs, telemetry: createTelemetry('test', '0') })
  }

  const start = installUntil(-1, first, pinDirectory)
  const adoption = installUntil(-1, first, pinDirectory)
  const replacement = installUntil(-1, second, pinDirectory)
  expect(start).toContain('loadObject')
  expect(adoption).not.toContain('loadObject')
  expect(replacement).toContain('reuseMap')
  const trials = [
    ...points(adoption).map(call => ({ call, isReplaced: false })),
    ...points(replacement).map(call => ({ call, isReplaced: true })),
  ]
  let installed = 1
  let kernel = open(second)
  for (const { call, isReplaced } of trials) {
    await using traffic = startTraffic('half-closed')
    const current = { drain: () => kernel.drain() }
    const counts = ledger({ ...kernel, ...current }, traffic)
    await traffic.next()
    await counts.drain()
    kernel[Symbol.dispose]()
    await traffic.next()
    if (isReplaced) installed = 1 - installed
    const version = versions[installed] ?? ''
    expect(installUntil(call, version, pinDirectory)).toEqual([])
    const services = await traffic.next()
    kernel = open(version)
    await counts.drain()
    await counts.drain()
    expect({ call, services: services.map(counts.counted) }).toEqual({ call, services })
    expect(readdirSync(pinDirectory)).toEqual([expect.stringMatching(/^v1-[0-9a-f]{16}$/)])
  }
  kernel[Symbol.dispose]()

  // From nothing.
  for (const call of points(start)) {
    using fresh = mountBpffs()
    expect(installUntil(call, first, fresh.pinDirectory)).toEqual([])
    expect(installUntil(-1, first, fresh.pinDirectory)).not.toEqual([])
    expect(readdirSync(fresh.pinDirectory)).toHaveLength(1)
  }
  console.log(`killed at ${trials.length + points(start).length} steps`)
}, 300_000)

test('what programs with another layout of flows counted is in the drains of the next ones, by name', async () => {
  using bpffs = mountBpffs()
  const { pinDirectory } = bpffs
  const install = (bytecode: string) =>
    installPrograms({ bytecode, pinDirectory, sizes, log: console.error })
  using older = objectVariant({
    file: 'wire.h',
    before: '__u64 bytes_sent;\n\t__u64 bytes_received;',
    after: '__u64 bytes_received;\n\t__u64 bytes_sent;',
  })
  const before = install(older.bytecode)
  await using traffic = startTraffic('half-closed')
  await traffic.next()
  await traffic.next()
  before[Symbol.dispose]()

  // Killed at the last removals, when all is carried over: it is not carried over twice.
  expect(installUntil(UNTIL_CARRIED, bpfObject(), pinDirectory)).toEqual([])
  expect(readdirSync(pinDirectory)).toHaveLength(2)
  using kernel = openKernel({
    programs: install(bpfObject()),
    telemetry: createTelemetry('test', '0'),
  })
  const counts = ledger(kernel, traffic)
  const services = await traffic.next()
  for (let drains = 0; drains < 3; drains++) await counts.drain()
  expect(services.map(counts.counted)).toEqual(services)
  expect(readdirSync(pinDirectory)).toHaveLength(1)
})

test('killed at any step of a change of size, and started again with either: each connection counts once', async () => {
  using bpffs = mountBpffs()
  const { pinDirectory } = bpffs
  const bytecode = bpfObject()
  const [smaller, larger] = [65_536, 131_072]
  using kernels = new DisposableStack()
  const open = (maxSockets: number) => {
    const own = { ...sizes, maxSockets }
    const programs = installPrograms({ bytecode, pinDirectory, sizes: own, log: console.error })
    return openKernel({ programs, telemetry: createTelemetry('test', '0') })
  }
  open(larger)[Symbol.dispose]()
  const steps = points(installUntil(-1, bytecode, pinDirectory, smaller))
  await using traffic = startTraffic('changes')
  let kernel = open(smaller)
  kernels.defer(() => kernel[Symbol.dispose]())
  const counts = ledger({ ...kernel, drain: () => kernel.drain() }, traffic)
  await traffic.next()
  let installed = smaller
  for (const [trial, step] of steps.entries()) {
    const next = installed === smaller ? larger : smaller
    kernel[Symbol.dispose]()
    expect(installUntil(step, bytecode, pinDirectory, next)).toEqual([])
    if (trial % 3 < 2) installed = next
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
}, 300_000)

test('where the old programs are not complete, they end first, and open connections go on exactly', async () => {
  using bpffs = mountBpffs()
  const { pinDirectory } = bpffs
  const bytecode = bpfObject()
  const open = (maxSockets: number) => {
    const own = { ...sizes, maxSockets }
    const programs = installPrograms({ bytecode, pinDirectory, sizes: own, log: console.error })
    return openKernel({ programs, telemetry: createTelemetry('test', '0') })
  }
  let kernel = open(131_072)
  await using traffic = startTraffic('closes')
  const current = { drain: () => kernel.drain() }
  const counts = ledger({ ...kernel, ...current }, traffic)
  await traffic.next()
  await counts.drain()
  for (const maxSockets of [262_144, 65_536]) {
    kernel[Symbol.dispose]()
    const [set = ''] = readdirSync(pinDirectory)
    unlinkSync(join(pinDirectory, set, 'links-tcp_state_twin'))
    kernel = open(maxSockets)
    await counts.drain()
    await counts.drain()
  }
  const services = await traffic.next()
  await counts.drain()
  await counts.drain()
  kernel[Symbol.dispose]()
  expect(services.map(counts.counted)).toEqual(services)
})
