import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../image/run.ts'

// Kubelet, containerd and the CNI plugins write below these, and not all of it can be moved by options.
const coveredFolders = ['/var/log', '/var/lib']

// The kubelet sets these for the whole machine, whatever its namespaces.
const machineSettings = [
  'vm/overcommit_memory',
  'vm/panic_on_oom',
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/keys/root_maxkeys',
  'kernel/keys/root_maxbytes',
]

/**
 * Inside a fresh mount namespace: private copies of everything that the cluster would otherwise
 * write to on the machine. They go with the namespace.
 */
export async function makeMounts(folder: string): Promise<void> {
  // The kubelet passes mounts on to containers, so they are shared again, within this namespace.
  await run('mount', ['--make-rshared', '/'])
  await run('mount', ['-t', 'tmpfs', 'tmpfs', '/run'])
  await run('mount', ['-t', 'bpf', 'bpf', '/sys/fs/bpf'])
  for (const path of coveredFolders) {
    const [upper, work] = ['upper', 'work'].map(layer => join(folder, 'covered', path, layer))
    for (const layer of [upper, work]) mkdirSync(layer!, { recursive: true })
    const layers = `lowerdir=${path},upperdir=${upper},workdir=${work}`
    await run('mount', ['-t', 'overlay', '-o', layers, 'overlay', path])
  }
  for (const name of machineSettings) {
    const own = join(folder, name.replaceAll('/', '-'))
    writeFileSync(own, readFileSync(`/proc/sys/${name}`))
    await run('mount', ['--bind', own, `/proc/sys/${name}`])
  }
}
