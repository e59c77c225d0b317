import { readdirSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import { bpfObject } from '../../../ci/bpf/object.ts'
import { createTelemetry } from '../../telemetry.ts'
import { openKernel } from '../kernel.ts'
import { installPrograms } from '../programs.ts'
import { factsOf } from '../system/fdinfo.ts'
import { mountBpffs } from '../test/bpffs.ts'
import { ledger } from '../test/ledger.ts'
import { startTraffic } from '../test/traffic.ts'

const version = vi.hoisted(() => ({ layout: 1 }))

vi.mock(import('../object/inventory.ts'), async original => {
  const inventory = { ...(await original()) }
  return Object.defineProperty(inventory, 'LAYOUT_VERSION', { get: () => version.layout })
})

test('with another LAYOUT_VERSION alone no map is shared and nothing is lost; the same one is adopted', async () => {
  using bpffs = mountBpffs()
  const { pinDirectory } = bpffs
  const sizes = { maxFlows: 4_096, maxOverflow: 256, maxSockets: 16_384 }
  const install = (layout: number) => {
    version.layout = layout
    const bytecode = bpfObject()
    const programs = installPrograms({ bytecode, pinDirectory, sizes, log: console.error })
    return {
      origin: programs.origin,
      tables: ['flows_a', 'flows_b', 'socket_slots'].map(name => programs.mapFd(name)),
      kernel: openKernel({ programs, telemetry: createTelemetry('test', '0') }),
    }
  }
  let life = install(1)
  await using traffic = startTraffic('half-closed')
  const counts = ledger({ ...life.kernel, drain: () => life.kernel.drain() }, traffic)
  await traffic.next()
  await counts.drain()
  const before = life.tables.map(mapId)
  life.kernel[Symbol.dispose]()
  await traffic.next()

  life = install(2)
  const after = life.tables.map(mapId)
  expect({ origin: life.origin, shared: after.filter(id => before.includes(id)) }).toEqual({
    origin: 'loaded',
    shared: [],
  })
  expect(readdirSync(pinDirectory)).toEqual([expect.stringMatching(/^v2-[0-9a-f]{16}$/)])
  life.kernel[Symbol.dispose]()

  life = install(2)
  expect({ origin: life.origin, tables: life.tables.map(mapId) }).toEqual({
    origin: 'adopted',
    tables: after,
  })
  const services = await traffic.next()
  for (let drains = 0; drains < 3; drains++) await counts.drain()
  life.kernel[Symbol.dispose]()
  expect(services.map(counts.counted)).toEqual(services)
})

function mapId(fd: number): number {
  return factsOf(fd)('map_id')
}
