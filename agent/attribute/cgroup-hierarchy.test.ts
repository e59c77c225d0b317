import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { exampleFlow } from '../test/example-flow.ts'
import { createTelemetry } from '../telemetry.ts'
import { attribution } from './attribute.ts'
import { lookForCgroups, noCgroupTree } from './cgroup-hierarchy.ts'
import { parseCgroupPath } from './cgroup-path.ts'
import { openCgroupTree } from './cgroup-tree.ts'
import { createPodNames } from './pod-names.ts'

let mount = ''
beforeEach(() => {
  mount = mkdtempSync(join(tmpdir(), 'podatlas-cgroups-'))
})
afterEach(() => rmSync(mount, { recursive: true }))

const V1 = '34 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory'
const v2 = () => `38 31 0:38 / ${mount} rw,relatime shared:9 - cgroup2 cgroup2 rw`
const LOST = /counted for the node as a whole, without namespace, pod, container or unit/

test('cgroup v2, and version 2 beside version 1, are where they are mounted', () => {
  mkdirSync(join(mount, 'system.slice'))
  expect(lookForCgroups('', v2())).toEqual({ mount })
  expect(lookForCgroups('', `${V1}\n${v2()}`)).toEqual({ mount })
})

test('a new machine of version 2 may have no cgroup yet', () => {
  expect(lookForCgroups('', v2())).toEqual({ mount })
})

test('with version 1 only it is said what is lost, and what helps', () => {
  const { loss, mount: found, fix } = { fix: '', ...lookForCgroups('/host/cgroup', V1) }
  expect(found).toBeUndefined()
  expect(loss).toMatch(LOST)
  expect(fix).toContain('systemd.unified_cgroup_hierarchy=1')
})

test('a hierarchy of version 2 that nobody uses is as good as none, till somebody does', () => {
  const { loss, mount: found = '' } = lookForCgroups('', `${V1}\n${v2()}`)
  expect(loss).toMatch(LOST)
  const tree = openCgroupTree({ mount: found, isEmptyBesideV1: loss !== undefined })
  const root = statSync(found).ino
  tree.scan(0)
  expect(tree.ownerOf(root, 0)).toEqual({ kind: 'unseen' })
  mkdirSync(join(mount, 'kubepods'))
  tree.scan(1)
  expect(tree.ownerOf(root, 1)).toEqual(parseCgroupPath('/'))
  expect(tree.ownerOf(statSync(join(mount, 'kubepods')).ino, 1)).toEqual(
    parseCgroupPath('/kubepods'),
  )
})

test('without cgroups of any version, or at the wrong place, the setting is named', () => {
  expect(() => lookForCgroups('', '')).toThrow(/^cgroupRoot: no cgroup2 filesystem is mounted/)
  expect(() => lookForCgroups('/host/cgroup', v2())).toThrow(/at or below \/host\/cgroup/)
})

test('what is counted there belongs to the node, does not wait, and is told by a metric', () => {
  const telemetry = createTelemetry('node-1', 'test')
  const births = [{ cgroupId: 7, path: '/kubepods' }]
  const cgroups = noCgroupTree({ takeBirths: () => births.splice(0) })
  const stage = attribution({ cgroups, pods: createPodNames(), telemetry })
  const [flow] = stage.attribute([exampleFlow({ cgroupId: 1, bytesSent: 7 })], 0)
  expect(flow).toMatchObject({ bytesSent: 7, owner: {} })
  expect(births).toEqual([])
  expect([...telemetry.unattributedBytes.readings.values()]).toEqual([
    { labels: { reason: 'cgroup_v1' }, value: 7 },
  ])
})
