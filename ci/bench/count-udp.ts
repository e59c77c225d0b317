import type { Programs } from '../../agent/kernel/programs.ts'
import { openUdpCgroups } from '../../agent/kernel/udp/udp-cgroups.ts'
import { createTelemetry } from '../../agent/telemetry.ts'
import type { Cgroup } from './cgroup.ts'

/**
 * What the agent does for UDP besides installing the programs. Where the kernel lets UDP be counted
 * by its functions, that is nothing.
 */
export function countUdp(
  programs: Programs,
  { mount, path, id }: Cgroup,
): Disposable & { readonly attach: () => void } {
  if (programs.udp === 'off') throw new Error('the kernel refuses every way to count UDP')
  if (programs.udp === 'fentry') return { attach: () => {}, [Symbol.dispose]: () => {} }
  const cgroups = openUdpCgroups({
    programs,
    mount,
    telemetry: createTelemetry('bench', '0.0.0'),
    warn: (_, line) => console.error(line),
  })
  return {
    attach: () => {
      if (!cgroups.attach(id, path.slice(mount.length), Date.now()))
        throw new Error(`cannot count UDP in ${path}`)
    },
    [Symbol.dispose]: () => cgroups[Symbol.dispose](),
  }
}
