import { accessSync, constants, writeSync } from 'node:fs'
import {
  dropCapabilities,
  hasMoreThan,
  readsMapsWithoutBpf,
  type Capability,
} from './system/capabilities.ts'
import { allDescriptors, type Programs } from './object/descriptors.ts'
import { messageOf } from '../message-of.ts'
import { HERITAGE, type Heritage } from './heritage.ts'
import { loadLibc } from './system/libc.ts'

export type SecondLifeOptions = {
  /** Handed over; it may hold secrets. */
  readonly told: string
  /** Capabilities that are kept if the process has them, beside what the programs need. */
  readonly wanted: readonly Capability[]
  readonly env: Readonly<Record<string, string | undefined>>
  /** Options of Node and V8 for it, beside those of this life. */
  readonly nodeOptions?: readonly string[]
  /** Arguments of the program. */
  readonly args?: readonly string[]
  readonly warn: (key: string, line: string) => void
}

/**
 * Executes this program anew in its place, with the descriptors, what is told, and no capabilities.
 * Capabilities belong to threads, and those of V8 and libuv run already: dropped in place, they would
 * keep theirs. So does memory: what only the start needs is never loaded again.
 * Returns only if that cannot be, with the reason in the log.
 */
export function startSecondLife(programs: Programs, options: SecondLifeOptions): void {
  const { told, wanted, env, nodeOptions = [], args = [], warn } = options
  const { descriptors } = programs
  const kept: Capability[] = [...wanted]
  if (descriptors.udp === 'cgroup') kept.push('NET_ADMIN')
  try {
    if (!readsMapsWithoutBpf(programs.mapFd('drops'))) kept.push('BPF')
    accessSync(process.execPath, constants.X_OK)
    if (process.execve === undefined) throw new Error('this Node has no process.execve')
    const heritage: Heritage = { descriptors, told }
    const fd = memoryWith(JSON.stringify(heritage))
    for (const one of allDescriptors(descriptors)) loadLibc().setDescriptorFlags(one, 0)
    if (hasMoreThan(kept)) dropCapabilities(kept)
    const [, program = ''] = process.argv
    const words = [process.argv0, ...process.execArgv, ...nodeOptions, program, ...args]
    process.execve(process.execPath, words, { ...env, [HERITAGE]: String(fd) })
  } catch (error) {
    warn('capabilities', `the agent keeps its capabilities: ${messageOf(error)}`)
  }
}

/** A descriptor of a file without a name: unlike an environment, nobody reads it once it is closed. */
function memoryWith(text: string): number {
  const fd = loadLibc().createMemoryFile('podatlas-heritage')
  // Written at a position, so that who reads begins at the first byte.
  writeSync(fd, text, 0)
  return fd
}
