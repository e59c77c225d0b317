import { expect, test, vi } from 'vitest'
import { bpfObject } from '../../ci/bpf/object.ts'
import { createTelemetry } from '../telemetry.ts'
import { openKernel } from './kernel.ts'
import { installPrograms } from './programs.ts'
import { startSeeding } from './seed.ts'
import { ledger } from './test/ledger.ts'
import { olderScenarios } from './test/older.ts'
import { openTestKernel } from './test/open.ts'
import { testScenarios } from './test/scenario-tests.ts'
import { startTraffic } from './test/traffic.ts'
import { objectVariant } from './test/variant.ts'

testScenarios(olderScenarios)

test('where more ports are listened on than are remembered, that is named as a drop', async () => {
  using variant = objectVariant({
    file: 'seed.bpf.c',
    before: '__uint(max_entries, 16384);',
    after: '__uint(max_entries, 4);',
  })
  await using traffic = startTraffic('seed')
  await traffic.next()
  using kernel = openTestKernel(variant)
  await kernel.seed()
  const counts = ledger(kernel, traffic)
  await counts.drain()
  expect(kernel.drops()['listeners_full']).toBeGreaterThan(0)
  // Most sockets tell by themselves who connected.
  const services = await traffic.next()
  await counts.drain()
  expect(services.map(counts.counted)).toEqual(services)
})

test('the search is repeated by itself, and ends with the agent', async () => {
  const telemetry = createTelemetry('test', '0.0.0')
  await using traffic = startTraffic('seed-in-flight')
  await traffic.next()
  const sizes = { maxFlows: 1024, maxOverflow: 64, maxSockets: 65536 }
  const programs = installPrograms({ bytecode: bpfObject(), sizes, log: console.error })
  using kernel = openKernel({ programs, telemetry })
  const warn = vi.fn<(key: string, line: string) => void>()
  const againAfterMs = Array.from({ length: 1000 }, () => 10)
  const seeding = startSeeding({ programs, telemetry, warn, againAfterMs })
  const found = () => [...telemetry.kernelSocketsSeeded.readings.values()][0]?.value ?? 0
  await vi.waitFor(() => expect(found()).toBeGreaterThan(0))
  const atFirst = found()
  await traffic.next() // the descriptor has arrived
  await vi.waitFor(() => expect(found()).toBeGreaterThan(atFirst))
  await kernel.drain()
  const counts = ledger(kernel, traffic)
  const services = await traffic.next()
  await counts.drain()
  expect(services.map(counts.counted)).toEqual(services)
  await seeding[Symbol.asyncDispose]()
  expect(warn).not.toHaveBeenCalled()
})

test('a search that fails is counted and told in a line, and the agent goes on', async () => {
  const telemetry = createTelemetry('test', '0.0.0')
  const warn = vi.fn<(key: string, line: string) => void>()
  const programs = { linkFd: () => -1, mapFd: () => -1 }
  const seeding = startSeeding({ programs, telemetry, warn, againAfterMs: [] })
  await seeding[Symbol.asyncDispose]()
  expect(warn.mock.calls).toEqual([['seed', expect.stringMatching(/EBADF/)]])
  expect([...telemetry.kernelSeedFailures.readings.values()][0]?.value).toBe(1)
})
