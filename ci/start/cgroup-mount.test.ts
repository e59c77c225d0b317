import { expect, test } from 'vitest'
import { cgroupMount } from './cgroup-mount.ts'

const hybrid = `10 31 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
11 32 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
20 41 0:38 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw
`
const unified = '35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n'

test('cgroup v2 is found beside v1 and instead of it', () => {
  expect(cgroupMount(hybrid)).toBe('/sys/fs/cgroup/unified')
  expect(cgroupMount(unified)).toBe('/sys/fs/cgroup')
})

test('a machine with v1 alone is told what to mount', () => {
  const legacy = hybrid.split('\n').slice(0, 2).join('\n')
  expect(() => cgroupMount(legacy)).toThrow(/^cgroup v2 is not mounted.*Run: mount -t cgroup2/)
})
