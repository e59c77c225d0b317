import { closeSync, readFileSync } from 'node:fs'
import { programsOf, type Descriptors, type Programs } from './object/descriptors.ts'

/** Names the descriptor of what one life of the process leaves to the next. */
export const HERITAGE = 'PODATLAS_HERITAGE'

/** What it holds, as JSON; `told` is the program's own. */
export type Heritage = { readonly descriptors: Descriptors; readonly told: string }

type Environment = Readonly<Record<string, string | undefined>>

/** What the life before, ended by `startSecondLife`, left to this one; undefined: this is the first. */
export function takeHeritage(
  env: Environment,
): { readonly programs: Programs; readonly told: string } | undefined {
  if (env[HERITAGE] === undefined) return undefined
  const fd = Number(env[HERITAGE])
  const { descriptors, told }: Heritage = JSON.parse(readFileSync(fd, 'utf8'))
  closeSync(fd)
  return { programs: programsOf(descriptors), told }
}
