import { readFileSync } from 'node:fs'
import { StartFault } from './fault.ts'

/** Where the cgroup v2 hierarchy is mounted: beside v1 on hybrid machines, else instead of it. */
export function cgroupMount(mountinfo = readFileSync('/proc/self/mountinfo', 'utf8')): string {
  for (const line of mountinfo.split('\n')) {
    // Optional fields end at a lone dash; the file system's type follows it.
    const [mount = '', source = ''] = line.split(' - ')
    if (source.startsWith('cgroup2 ')) return mount.split(' ')[4] ?? ''
  }
  throw new StartFault(
    'cgroup v2 is not mounted: containers cannot be told apart. Run: mount -t cgroup2 none /sys/fs/cgroup/unified',
  )
}
