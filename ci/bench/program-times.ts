import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { z } from 'zod'

const SWITCH = '/proc/sys/kernel/bpf_stats_enabled'
const Programs = z.array(
  z.object({
    name: z.string().default(''),
    run_time_ns: z.number().default(0),
    run_cnt: z.number().default(0),
  }),
)

export type ProgramTimes = { readonly runs: number; readonly ns: number }

/** How often the kernel ran our loaded programs while it kept statistics, and for how long. */
export function programTimes(): ProgramTimes {
  const listing = execFileSync('bpftool', ['--json', 'prog', 'show'], { encoding: 'utf8' })
  const ours = Programs.parse(JSON.parse(listing)).filter(({ name }) =>
    /^tcp_state|^live$/.test(name),
  )
  return {
    runs: ours.reduce((sum, program) => sum + program.run_cnt, 0),
    ns: ours.reduce((sum, program) => sum + program.run_time_ns, 0),
  }
}

/** The kernel keeps statistics meanwhile, which adds some 20 ns to each run of a program. */
export async function withStatistics<Result>(measure: () => Promise<Result>): Promise<Result> {
  const before = readFileSync(SWITCH, 'utf8')
  writeFileSync(SWITCH, '1')
  try {
    return await measure()
  } finally {
    writeFileSync(SWITCH, before)
  }
}
