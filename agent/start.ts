import packageJson from '../package.json' with { type: 'json' }
import { lookForCgroups, type CgroupHierarchy } from './attribute/cgroup-hierarchy.ts'
import { canRun, checkTable } from './check-table.ts'
import { HELP } from './command-line.ts'
import { readConfig, type Config } from './config.ts'
import { checkMachine } from './kernel/check.ts'
import type { Sizes } from './kernel/object/inventory.ts'
import { installPrograms, type Programs } from './kernel/programs.ts'
import { startSecondLife } from './kernel/second-life.ts'
import { unpin } from './kernel/pins/unpin.ts'
import { createLog } from './log.ts'
import { threadsFor } from './name-lookups.ts'

/** What the running agent is told by its start. */
export type Told = {
  readonly config: Config
  readonly version: string
  readonly cgroups: CgroupHierarchy
}

export type Started = { readonly programs: Programs; readonly told: Told }

type Environment = Readonly<Record<string, string | undefined>>

/**
 * What keeps a process small that works for some milliseconds every ten seconds (docs/decisions/0039).
 * A tick makes what is garbage with the next tick: V8 would let the young generation grow to 32 MB for it
 * and stay there, and the old one in large steps. The optimizing compiler's code and memory cost more
 * than what it makes faster.
 */
export const SECOND_LIFE = {
  options: [
    '--max-semi-space-size=1',
    '--optimize-for-size',
    '--single-threaded-gc',
    '--no-opt',
    '--expose-gc',
  ],
  env: { MALLOC_ARENA_MAX: '1' },
}

/**
 * The first life of the process: everything that needs the command line, the config file or
 * capabilities. Does what the command says and gives the exit code; or installs the programs and starts
 * the second life, which comes here no more. Where there can be none, gives what is to go on with.
 */
export function start(args: readonly string[], env: Environment): number | Started {
  const config = readConfig(args, env)
  if (config === 'help') return say(HELP)
  if (config.command === 'unpin') return say(`podatlas-agent: ${unpin(config.kernel.pinDirectory)}`)
  if (config.command === 'check') return check(config)
  const told = {
    config,
    version: packageJson.version,
    cgroups: lookForCgroups(config.cgroupRoot),
  }
  return { programs: install(told, env), told }
}

function say(text: string): number {
  process.stdout.write(`${text}\n`)
  return 0
}

function check({ kernel, udp, labels, cgroupRoot }: Config): number {
  const { processes } = labels
  const rows = checkMachine({
    ...kernel,
    sizes: sizesOf(kernel),
    udp,
    processes,
    lookForCgroups: () => lookForCgroups(cgroupRoot),
  })
  say(checkTable(rows))
  return canRun(rows) ? 0 : 1
}

/** After it this process has no capability left: the programs are handed to its second life. */
function install(told: Told, env: Environment): Programs {
  const { kernel, udp, labels, listen, sinks, verbosity } = told.config
  const { debug, warn } = createLog(verbosity)
  const sizes = sizesOf(kernel)
  const programs = installPrograms({
    ...kernel,
    sizes,
    udp,
    processes: labels.processes,
    log: debug,
    warn,
  })
  // Command lines may hold a password, and all were read.
  const { CONVIS_ARGS: _, ...rest } = env
  const wanted = listen.port > 0 && listen.port < 1_024 ? (['NET_BIND_SERVICE'] as const) : []
  // Each sink connects to one name at most, its own or that of a proxy, and the pod watch to another.
  const threads = threadsFor(Object.keys(sinks).length + 1)
  startSecondLife(programs, {
    told: JSON.stringify(told),
    wanted,
    env: { ...SECOND_LIFE.env, UV_THREADPOOL_SIZE: String(threads), ...rest },
    nodeOptions: SECOND_LIFE.options,
    warn,
  })
  return programs
}

function sizesOf({ maxFlows, maxSockets }: Config['kernel']): Sizes {
  return { maxFlows, maxOverflow: 4_096, maxSockets }
}
