import { mkdirSync, rmdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { bpfObject } from '../../../ci/bpf/object.ts'
import { findCgroupMount, openCgroupTree } from '../../attribute/cgroup-tree.ts'
import { decodeFlows } from '../../drain/flows.ts'
import type { Flow } from '../../model.ts'
import { createTelemetry } from '../../telemetry.ts'
import { converse, testCgroup } from '../../test/loopback.ts'
import { openCgroupBirths } from './cgroup-births.ts'
import { openCgroupEvents } from './cgroup-events.ts'
import { openKernel } from '../kernel.ts'
import { installPrograms } from '../programs.ts'
import { loadLibbpf } from '../system/libbpf.ts'

function openParts({ maxKept = 10_000 } = {}) {
  const telemetry = createTelemetry('test', '0.0.0')
  const log = console.error
  const sizes = { maxFlows: 1024, maxOverflow: 64, maxSockets: 1024 }
  const programs = installPrograms({ bytecode: bpfObject(), sizes, log })
  const kernel = openKernel({ programs, telemetry })
  const births = openCgroupBirths({ programs, telemetry, warn: log, maxKept })
  const mount = findCgroupMount('')
  const tree = openCgroupTree({ mount, takeBirths: births.takeBirths })
  const close = () => {
    births[Symbol.dispose]()
    kernel[Symbol.dispose]()
  }
  return { telemetry, programs, kernel, births, tree, [Symbol.dispose]: close }
}

function ofClient(flows: readonly Flow[], cgroupId: number): Flow[] {
  return flows.filter(flow => flow.role === 'client' && flow.cgroupId === cgroupId)
}

/** Makes and removes cgroups without giving anybody a turn; gives their ids. */
function liveShortly(folder: string, count: number): number[] {
  return Array.from({ length: count }, (_, index) => {
    const path = join(folder, `short-${index}.service`)
    mkdirSync(path)
    const cgroupId = statSync(path).ino
    rmdirSync(path)
    return cgroupId
  })
}

test('what a cgroup sent that was gone before anybody looked carries its name', async () => {
  using parts = openParts()
  const { kernel, tree } = parts
  tree.scan(Date.now())
  let cgroupId = 0
  {
    using cgroup = testCgroup('gone.service')
    cgroupId = statSync(cgroup.folder).ino
    const conversation = await converse(cgroup.folder, 12_345, 67)
    expect(await conversation.close()).toBe(67)
  }
  const flows = decodeFlows(await kernel.drain())
  tree.scan(Date.now())
  expect(ofClient(flows, cgroupId)).toEqual([
    expect.objectContaining({ bytesSent: 12_345, bytesReceived: 67 }),
  ])
  expect(tree.ownerOf(cgroupId, Date.now())).toEqual({ kind: 'unit', unit: 'gone.service' })
})

test('a cgroup removed between the fold of its open connection and the swap of the same drain keeps its bytes and its name', async () => {
  using parts = openParts()
  const { kernel, tree } = parts
  tree.scan(Date.now())
  const libbpf = loadLibbpf()
  const swap = libbpf.updateAsync
  let cgroupId = 0
  {
    using cgroup = testCgroup('parting.service')
    cgroupId = statSync(cgroup.folder).ino
    const conversation = await converse(cgroup.folder, 12_345, 67)
    using _ = vi.spyOn(libbpf, 'updateAsync').mockImplementationOnce(async (...values) => {
      expect(await conversation.close()).toBe(67)
      rmdirSync(cgroup.folder)
      mkdirSync(cgroup.folder) // another one, which the end of the block removes
      return await swap(...values)
    })
    const flows = decodeFlows(await kernel.drain())
    expect(statSync(cgroup.folder).ino).not.toBe(cgroupId)
    expect(ofClient(flows, cgroupId)).toEqual([
      expect.objectContaining({ bytesSent: 12_345, bytesReceived: 67, connectionsOpened: 1 }),
    ])
  }
  expect(ofClient(decodeFlows(await kernel.drain()), cgroupId)).toEqual([])
  tree.scan(Date.now())
  expect(tree.ownerOf(cgroupId, Date.now())).toEqual({ kind: 'unit', unit: 'parting.service' })
})

test('a burst of 1,000 cgroups that live for microseconds: each is named', () => {
  using parts = openParts()
  using parent = testCgroup('burst')
  const ids = liveShortly(parent.folder, 1_000)
  parts.tree.scan(Date.now())
  const names = ids.map(cgroupId => parts.tree.ownerOf(cgroupId, Date.now()))
  expect(names).toEqual(ids.map((_, index) => ({ kind: 'unit', unit: `short-${index}.service` })))
})

test('births that have no room in the kernel are counted, the others come in order', async () => {
  using parts = openParts()
  using parent = testCgroup('flood')
  parts.births.takeBirths()
  const ids = liveShortly(parent.folder, 5_000)
  const told = parts.births
    .takeBirths()
    .filter(({ path }) => path.includes('/flood/'))
    .map(({ cgroupId }) => cgroupId)
  await parts.kernel.drain()
  const values = [...parts.telemetry.kernelDrops.readings.values()]
  const full = values.find(({ labels }) => labels.reason === 'cgroup_births_full')?.value ?? 0
  expect(told).toEqual(ids.slice(0, told.length))
  expect(full).toBeGreaterThan(0)
  expect(told.length + full).toBe(ids.length)
})

test('births that nobody takes are bounded, and those forgotten are counted', async () => {
  using parts = openParts({ maxKept: 10 })
  using parent = testCgroup('forgotten')
  parts.births.takeBirths()
  const ids = liveShortly(parent.folder, 50)
  const taken = parts.births.takeBirths()
  expect(taken.map(({ cgroupId }) => cgroupId)).toEqual(ids.slice(-10))
  const values = [...parts.telemetry.cgroupBirthsLost.readings.values()]
  expect(values).toMatchObject([{ value: 40 }])
})

test('a listener hears of a birth without asking, and a wait ends when it is disposed', async () => {
  using parts = openParts()
  const { promise, resolve } = Promise.withResolvers<string>()
  parts.births.listen(events => {
    const born = events.find(({ path }) => path.endsWith('/heard'))
    if (born) resolve(born.kind)
  })
  using _ = testCgroup('heard')
  expect(await promise).toBe('born')

  const events = openCgroupEvents(parts.programs)
  const waited = events.wait(3_600_000)
  events[Symbol.dispose]()
  expect(await waited).toBe(false)
})
