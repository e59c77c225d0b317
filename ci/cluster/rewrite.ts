import { mkdtempSync, rmSync } from 'node:fs'
import { machine, tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '../image/run.ts'
import { podCgroups, unifiedHierarchy } from './cgroups.ts'

type End = { readonly address: string; readonly port: number }

const source = join(import.meta.dirname, 'example/rewrite.bpf.c')
// Debian keeps asm/types.h below the architecture's name, where -target bpf does not look.
const include = `/usr/include/${machine()}-linux-gnu`
const pin = '/sys/fs/bpf/rewrite'

/** While `work` runs, who connects to `service` is connected to `pod`, as by a socket load balancer. */
export async function whileRewritten(
  { service, pod }: { readonly service: End; readonly pod: End },
  work: () => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'podatlas-rewrite-'))
  const object = join(folder, 'rewrite.bpf.o')
  const ends = [...defines('SERVICE', service), ...defines('POD', pod)]
  const flags = ['-target', 'bpf', '-O2', '-g', '-Wall', '-Werror', '-idirafter', include]
  await run('clang', [...flags, ...ends, '-c', source, '-o', object])
  await run('bpftool', ['prog', 'load', object, pin])
  rmSync(folder, { recursive: true })
  const kubepods = podCgroups().find(path => path.startsWith(unifiedHierarchy()))!
  const program = [kubepods, 'connect4', 'pinned', pin]
  await run('bpftool', ['cgroup', 'attach', ...program, 'multi'])
  try {
    await work()
  } finally {
    await run('bpftool', ['cgroup', 'detach', ...program])
    rmSync(pin)
  }
}

function defines(name: string, { address, port }: End): string[] {
  const number = address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0)
  return [`-D${name}_ADDRESS=${number}u`, `-D${name}_PORT=${port}`]
}
