import { accessSync, constants } from 'node:fs'
import {
  dropCapabilities,
  hasMoreThan,
  readsMapsWithoutBpf,
  type Capability,
} from './capabilities.ts'
import { allDescriptors, programsOf, type Descriptors, type Programs } from './descriptors.ts'
import { messageOf } from './error.ts'
import { loadLibc } from './libc.ts'

const VARIABLE = 'PODATLAS_DESCRIPTORS'

type Environment = Readonly<Record<string, string | undefined>>

/** The programs that this process was started with by `renounceCapabilities`; undefined: none. */
export function inheritedPrograms(env: Environment): Programs | undefined {
  const text = env[VARIABLE]
  if (text === undefined) return undefined
  const descriptors: Descriptors = JSON.parse(text)
  return programsOf(descriptors)
}

/**
 * Starts this program anew in its place, with the descriptors and without capabilities. Capabilities
 * belong to threads, and those of V8 and libuv run already: dropped in place, they would keep theirs.
 * Returns only if that cannot be, with the reason in the log, or if there is nothing to drop.
 */
export function renounceCapabilities(
  programs: Programs,
  { wanted, env, warn }: RenounceOptions,
): void {
  const { descriptors } = programs
  const kept: Capability[] = [...wanted]
  if (descriptors.udp === 'cgroup') kept.push('NET_ADMIN')
  try {
    if (!readsMapsWithoutBpf(programs.mapFd('drops'))) kept.push('BPF')
    if (!hasMoreThan(kept)) return
    accessSync(process.execPath, constants.X_OK)
    if (process.execve === undefined) throw new Error('this Node has no process.execve')
    for (const fd of allDescriptors(descriptors)) loadLibc().setDescriptorFlags(fd, 0)
    dropCapabilities(kept)
    const args = [process.argv0, ...process.execArgv, ...process.argv.slice(1)]
    process.execve(process.execPath, args, { ...env, [VARIABLE]: JSON.stringify(descriptors) })
  } catch (error) {
    warn('capabilities', `the agent keeps its capabilities: ${messageOf(error)}`)
  }
}

type RenounceOptions = {
  /** Kept if the process has them, beside what the programs need. */
  readonly wanted: readonly Capability[]
  readonly env: Environment
  readonly warn: (key: string, line: string) => void
}
