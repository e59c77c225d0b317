import { closeSync, readFileSync } from 'node:fs'
import { getSystemErrorName } from 'node:util'
import { loadLibbpf } from '../../agent/kernel/system/libbpf.ts'
import type { Programs } from '../../agent/kernel/programs.ts'

/** Those that run when a connection changes its state. */
export const STATE_PROGRAMS = ['tcp_state', 'tcp_state_twin']

export type ProgramTimes = { readonly runs: number; readonly ns: number }

/** How often the kernel ran these programs while it kept statistics, and for how long. */
export function programTimes(
  programs: Pick<Programs, 'programFd'>,
  names: readonly string[],
): ProgramTimes {
  const facts = names.map(name =>
    readFileSync(`/proc/self/fdinfo/${programs.programFd(name)}`, 'utf8'),
  )
  const sum = (field: string) =>
    facts.reduce(
      (total, text) => total + Number(new RegExp(`^${field}:\\s+(\\d+)$`, 'm').exec(text)?.[1]),
      0,
    )
  return { runs: sum('run_cnt'), ns: sum('run_time_ns') }
}

/** What was added since. */
export function since(before: ProgramTimes, now: ProgramTimes): ProgramTimes {
  return { runs: now.runs - before.runs, ns: now.ns - before.ns }
}

/** The kernel keeps statistics until it is disposed, which adds some 20 ns to each run of a program. */
export function keepStatistics(): Disposable {
  // By a descriptor and not by sysctl: a benchmark that is killed leaves nothing switched on.
  const fd = loadLibbpf().enableStatistics()
  if (fd < 0) throw new Error(`no statistics of programs: ${getSystemErrorName(fd)}`)
  return { [Symbol.dispose]: () => closeSync(fd) }
}
