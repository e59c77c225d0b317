import { readFileSync, statSync } from 'node:fs'
import { release } from 'node:os'
import { hasCapability } from './system/capabilities.ts'
import { KernelError } from './system/error.ts'
import { factsOf } from './system/fdinfo.ts'
import { isIn, MAPS, PROGRAMS, variablesFor, type ProgramPart } from './object/inventory.ts'
import { loadLibbpf } from './system/libbpf.ts'
import type { LoadOptions } from './load.ts'
import {
  loadObject,
  requireKernel,
  requireReadable,
  requireTypeInformation,
} from './object/object.ts'
import { lookAtPinDirectory } from './pins/pin-directory.ts'
import { messageOf } from '../message-of.ts'

/** One thing that the agent needs of the machine. */
export type Row = {
  readonly what: string
  /** `no`: the agent cannot run here. `less`: it runs, with less. */
  readonly state: 'ok' | 'less' | 'no'
  readonly finding: string
  /** What to do about it; only where it is not ok. */
  readonly fix?: string
}

export type CheckOptions = Pick<LoadOptions, 'bytecode' | 'sizes' | 'udp'> & {
  readonly pinDirectory: string
  readonly processes?: boolean
  /** The mount point of the cgroup2 hierarchy or what is lost. Throws an error with the fix in its message. */
  readonly lookForCgroups: () =>
    | { readonly mount: string; readonly loss?: undefined }
    | { readonly loss: string; readonly fix: string }
}

/** Tries everything the agent does at its start, for a moment each. Leaves nothing behind, and never throws. */
export function checkMachine(options: CheckOptions): Row[] {
  const { bytecode, pinDirectory, lookForCgroups } = options
  const needed = [
    row('kernel', () => (requireKernel(), `${release()}, ${process.arch}`)),
    row('type information', () => (requireTypeInformation(), '/sys/kernel/btf/vmlinux')),
    row('libbpf', () => (loadLibbpf(), 'libbpf.so.1')),
    row('bytecode', () => (requireReadable(bytecode), `${bytecode}, ${statSync(bytecode).size} B`)),
    capability('BPF', 'no', 'loads the programs and makes their maps'),
    capability('PERFMON', 'no', 'lets them read kernel memory'),
    capability('NET_ADMIN', 'less', 'counts UDP where that goes by cgroup'),
    lockdown(),
    cgroups(lookForCgroups),
    pins(pinDirectory),
  ]
  if (needed.slice(0, 4).some(({ state }) => state === 'no')) return needed
  return [...needed, ...programs(options), memory(options)]
}

function row(what: string, find: () => string, bad: 'less' | 'no' = 'no'): Row {
  try {
    return { what, state: 'ok', finding: find() }
  } catch (error) {
    if (error instanceof KernelError) {
      return { what, state: bad, finding: error.problem, fix: error.fix }
    }
    const [finding = '', ...fix] = messageOf(error).split('. ')
    return { what, state: bad, finding, ...(fix.length > 0 && { fix: fix.join('. ') }) }
  }
}

function capability(
  name: 'BPF' | 'PERFMON' | 'NET_ADMIN',
  bad: 'less' | 'no',
  purpose: string,
): Row {
  const what = `CAP_${name}`
  if (hasCapability(name)) return { what, state: 'ok', finding: purpose }
  return {
    what,
    state: bad,
    finding: `missing: it ${purpose}`,
    fix: `Run as root or grant ${what}`,
  }
}

function lockdown(): Row {
  const what = 'lockdown'
  try {
    const modes = readFileSync('/sys/kernel/security/lockdown', 'utf8')
    const mode = /\[(\w+)\]/.exec(modes)?.[1] ?? 'none'
    if (mode !== 'confidentiality') return { what, state: 'ok', finding: mode }
    return {
      what,
      state: 'no',
      finding: 'confidentiality: programs may not read kernel memory',
      fix: 'Start the kernel with lockdown=integrity',
    }
  } catch {
    return { what, state: 'ok', finding: 'not told; the programs below show what is allowed' }
  }
}

function cgroups(look: CheckOptions['lookForCgroups']): Row {
  let lost: Row | undefined
  const found = row('cgroup2', () => {
    const cgroup = look()
    if (cgroup.loss === undefined) return cgroup.mount
    lost = { what: 'cgroup2', state: 'less', finding: cgroup.loss, fix: cgroup.fix }
    return ''
  })
  return lost ?? found
}

function pins(directory: string): Row {
  const what = 'pins'
  if (directory === '') return { what, state: 'ok', finding: 'not asked for' }
  const { problem, fix } = lookAtPinDirectory(directory)
  if (problem === undefined) return { what, state: 'ok', finding: directory }
  return { what, state: 'less', finding: `${problem}: a restart is not bridged`, fix }
}

/** Each by itself, so that one refusal does not hide another. */
function programs(options: CheckOptions): Row[] {
  const asked = PROGRAMS.filter(
    ({ udp, processes }) =>
      (!udp || options.udp === 'auto') && (!processes || options.processes === true),
  )
  const rows = asked.map(program =>
    row(`program ${program.name}`, () => tryProgram(program, options), program.udp ? 'less' : 'no'),
  )
  // UDP needs one of its ways.
  const isCounted = (['fentry', 'cgroup'] as const).some(mode =>
    asked.every(
      (program, at) =>
        !program.udp || !isIn({ udp: mode, processes: true }, program) || rows[at]?.state === 'ok',
    ),
  )
  return rows.map(({ fix, ...one }) =>
    one.state === 'less' && isCounted
      ? { ...one, finding: `${one.finding}: UDP is counted in another way` }
      : { ...one, ...(fix !== undefined && { fix }) },
  )
}

function tryProgram({ name, attach }: ProgramPart, options: CheckOptions): string {
  using object = load(options, part => part.name === name)
  const section = object.sectionOf(name)
  if (attach === 'tracing') object.attach(name)
  else if (attach === 'iterator') object.attachIterator(name)
  else if (attach) object.attachIterator(name, attach.over)
  return attach ? `attaches to ${section}` : `loads as ${section}`
}

function memory(options: CheckOptions): Row {
  return row('memory', () => {
    using object = load(options, () => false)
    const mb = MAPS.reduce((sum, { name }) => sum + bytesOf(object.mapFd(name)), 0) / 1e6
    const free = Number(/MemAvailable:\s+(\d+)/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1])
    const finding = `the maps take ${mb.toFixed(0)} MB, ${(free / 1e3).toFixed(0)} MB are free`
    if (free / 1e3 > 2 * mb + 150) return finding
    throw new Error(`${finding}. Lower kernel.maxSockets and kernel.maxFlows`)
  })
}

function bytesOf(fd: number): number {
  return factsOf(fd)('memlock')
}

function load(
  { bytecode, sizes, processes = false }: CheckOptions,
  isLoaded: (part: ProgramPart) => boolean,
) {
  const maps = MAPS.filter(part => processes || !part.processes)
  const maxEntries = Object.fromEntries(
    maps.flatMap(({ name, entries }) => (entries ? [[name, entries(sizes)]] : [])),
  )
  const autoload = PROGRAMS.map(part => [part.name, isLoaded(part)] as const)
  const variables = variablesFor(sizes, processes)
  return loadObject({ bytecode, maxEntries, autoload, variables, log: () => undefined })
}
