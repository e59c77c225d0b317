import { accessSync, closeSync, readdirSync, rmdirSync } from 'node:fs'
import { KernelError } from '../system/error.ts'
import { holdPinDirectory } from './pin-directory.ts'
import { removeSet } from './pins.ts'

/**
 * Removes every pin below the directory, and it: the programs detach and the maps are freed, with what
 * was not read yet. Gives a line that says what was done. Throws KernelError while an agent runs.
 */
export function unpin(directory: string): string {
  if (directory === '' || !exists(directory)) return 'nothing is pinned'
  const held = holdPinDirectory(directory)
  if (!('path' in held)) {
    throw new KernelError(`cannot remove ${directory}: ${held.why}`, {
      code: 'PINS',
      fix: 'Run as the user of the agent that pinned',
    })
  }
  try {
    return `${removePins(directory)} pins removed, ${directory} with them`
  } finally {
    closeSync(held.lock)
  }
}

/** The same for the agent that holds the directory. Gives the number of pins that there were. */
export function removePins(directory: string): number {
  let removed = 0
  for (const set of readdirSync(directory)) removed += removeSet(directory, set)
  rmdirSync(directory)
  return removed
}

function exists(path: string): boolean {
  try {
    accessSync(path)
    return true
  } catch {
    return false
  }
}
