import { mkdirSync, mkdtempSync, rmdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findCgroupMount, openCgroupTree } from './cgroup-tree.ts'

let mount = ''
beforeEach(() => {
  mount = mkdtempSync(join(tmpdir(), 'podatlas-cgroups-'))
})
afterEach(() => rmSync(mount, { recursive: true }))

/** An ordinary folder keeps its link count as a cgroup folder does (on ext4, xfs and tmpfs). */
function makeCgroup(path: string): number {
  mkdirSync(join(mount, path), { recursive: true })
  return statSync(join(mount, path)).ino
}

const ssh = { kind: 'unit', unit: 'ssh.service' }

test('every cgroup is found by its id, at any depth', () => {
  const root = statSync(mount).ino
  const service = makeCgroup('system.slice/ssh.service')
  const tree = openCgroupTree({ mount })
  tree.scan(0)
  expect(tree.ownerOf(root, 0)).toEqual({ kind: 'root' })
  expect(tree.ownerOf(service, 0)).toEqual(ssh)
})

test('a cgroup made after the last scan is found by the next one', () => {
  const tree = openCgroupTree({ mount })
  tree.scan(0)
  const service = makeCgroup('system.slice/ssh.service')
  expect(tree.ownerOf(service, 0)).toBeUndefined()
  tree.scan(0)
  expect(tree.ownerOf(service, 0)).toEqual(ssh)
})

test('a removed cgroup keeps its name for the grace period after it was last asked for', () => {
  const service = makeCgroup('system.slice/ssh.service')
  const tree = openCgroupTree({ mount, graceMs: 100 })
  tree.scan(0)
  rmdirSync(join(mount, 'system.slice/ssh.service'))
  tree.scan(1_000)
  expect(tree.ownerOf(service, 1_090)).toEqual(ssh)
  tree.scan(1_180)
  expect(tree.ownerOf(service, 1_180)).toEqual(ssh)
  tree.scan(1_281)
  expect(tree.ownerOf(service, 1_281)).toBeUndefined()
})

test('of many removed cgroups the oldest is forgotten first', () => {
  const first = makeCgroup('system.slice/a.service')
  const tree = openCgroupTree({ mount, maxRemoved: 1 })
  tree.scan(0)
  rmdirSync(join(mount, 'system.slice/a.service'))
  tree.scan(1)
  const second = makeCgroup('system.slice/b.service')
  tree.scan(2)
  rmdirSync(join(mount, 'system.slice/b.service'))
  tree.scan(3)
  // A file system may give the second folder the inode of the first; then there is one name only.
  if (first !== second) expect(tree.ownerOf(first, 3)).toBeUndefined()
  expect(tree.ownerOf(second, 3)).toEqual({ kind: 'unit', unit: 'b.service' })
})

test('a cgroup that came and went between two scans has its name from its birth', () => {
  const births = [{ cgroupId: 7, path: '/system.slice/ssh.service' }]
  const tree = openCgroupTree({ mount, graceMs: 100, takeBirths: () => births.splice(0) })
  tree.scan(0)
  expect(tree.ownerOf(7, 0)).toEqual(ssh)
  expect(tree.pathOf(7)).toBe('/system.slice/ssh.service')
  tree.scan(101)
  expect(tree.ownerOf(7, 101)).toBeUndefined()
})

test('of more births than are remembered, the first are forgotten', () => {
  const ids = [1_000_001, 1_000_002, 1_000_003]
  const births = ids.map(cgroupId => ({ cgroupId, path: `/${cgroupId}.service` }))
  const tree = openCgroupTree({ mount, maxRemoved: 2, takeBirths: () => births.splice(0) })
  tree.scan(0)
  expect(tree.ownerOf(1_000_001, 0)).toBeUndefined()
  expect(tree.ownerOf(1_000_003, 0)).toEqual({ kind: 'unit', unit: '1000003.service' })
})

const TMPFS = '31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755'
const V1 = '34 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory'
const HYBRID = '38 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw'
const UNIFIED = '30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate'
const POD_OWN = '912 900 0:26 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw'
const POD_HOST = '915 880 0:26 / /host/cgroup ro,relatime - cgroup2 cgroup2 rw,nsdelegate'
const POD_HOST_HYBRID = '917 880 0:38 / /host/cgroup/unified ro - cgroup2 cgroup2 rw'

test.each([
  ['cgroup v2 (Debian, Ubuntu, Talos)', '', [UNIFIED], '/sys/fs/cgroup'],
  ['hybrid: the v2 hierarchy beside v1', '', [TMPFS, V1, HYBRID], '/sys/fs/cgroup/unified'],
  ['a pod on a v2 node', '/host/cgroup', [POD_OWN, POD_HOST], '/host/cgroup'],
  ['a pod on a hybrid node', '/host/cgroup/', [TMPFS, POD_HOST_HYBRID], '/host/cgroup/unified'],
  [
    'a path with a space',
    '',
    [String.raw`30 24 0:26 / /mnt/my\040cgroups rw - cgroup2 cgroup2 rw`],
    '/mnt/my cgroups',
  ],
])('mount on %s', (_system, root, lines, expected) => {
  expect(findCgroupMount(root, lines.join('\n'))).toBe(expected)
})

test('without a cgroup2 mount the error names the setting and the fix', () => {
  expect(() => findCgroupMount('', [TMPFS, V1].join('\n'))).toThrow(
    /^cgroupRoot: no cgroup2 filesystem is mounted on this machine\. Mount one/,
  )
  expect(() => findCgroupMount('/host/cgroup', POD_OWN)).toThrow(/at or below \/host\/cgroup\./)
})
