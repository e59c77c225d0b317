import { writeSync } from 'node:fs'
import type { Compared } from '../../agent/kernel/test/scenario.ts'

/** What the program in a machine says on its console, a line each. */
export type Answer =
  | { readonly kernel: string }
  | { readonly begins: string }
  | { readonly name: string; readonly seconds: number; readonly compared: Compared }
  | { readonly name: string; readonly seconds: number; readonly failure: string }
  | { readonly ends: true }

/** Tells an answer from whatever else is on the console. */
export const MARK = '@podatlas '

export function say(answer: Answer): void {
  writeSync(1, `${MARK}${JSON.stringify(answer)}\n`)
}
