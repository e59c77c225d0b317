import { accessSync, closeSync, constants, mkdirSync, openSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { getSystemErrorName } from 'node:util'
import { KernelError } from '../system/error.ts'
import { loadLibc } from '../system/libc.ts'
import { messageOf } from '../../message-of.ts'

// linux/magic.h
const BPF_FS_MAGIC = 0xca_fe_4a_11
// sys/file.h
const LOCK_EX = 2
const LOCK_NB = 4

/** The directory on a bpffs, made if it was missing, and held against a second agent until closed. */
export type HeldDirectory = { readonly path: string; readonly lock: number }

/** Why nothing can be pinned, in one line with the fix. */
export type NoDirectory = { readonly why: string }

/** Throws KernelError if another agent holds it. */
export function holdPinDirectory(path: string): HeldDirectory | NoDirectory {
  const { problem, fix } = lookAtPinDirectory(path)
  if (problem !== undefined) return { why: `${problem}. ${fix}` }
  mkdirSync(path, { recursive: true, mode: 0o700 })
  const lock = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY)
  const result = loadLibc().flock(lock, LOCK_EX | LOCK_NB)
  if (result >= 0) return { path, lock }
  closeSync(lock)
  if (getSystemErrorName(result) === 'EAGAIN') throw secondAgent(path)
  return { why: `${path} cannot be locked: ${getSystemErrorName(result)}` }
}

/** Why nothing could be pinned there; no problem: it could. Changes nothing. */
export function lookAtPinDirectory(path: string): {
  readonly problem?: string
  readonly fix: string
} {
  const folder = nearestFolder(path)
  try {
    if (statfsSync(folder).type !== BPF_FS_MAGIC) {
      return {
        problem: `${folder} is not on a bpffs`,
        fix: 'Mount it: mount -t bpf bpf /sys/fs/bpf',
      }
    }
    accessSync(folder, constants.W_OK)
    return { fix: '' }
  } catch (error) {
    return { problem: messageOf(error), fix: `Make ${folder} writable for the agent` }
  }
}

function nearestFolder(path: string): string {
  try {
    accessSync(path)
    return path
  } catch {
    return nearestFolder(dirname(path))
  }
}

function secondAgent(path: string): KernelError {
  return new KernelError(`another agent counts on this host: it holds ${path}`, {
    code: 'SECOND_AGENT',
    fix: 'End it first, or give this one another --pin-directory: both then count everything',
  })
}
