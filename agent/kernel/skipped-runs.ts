import { readFileSync } from 'node:fs'
import type { Telemetry } from '../telemetry.ts'
import type { Programs } from './programs.ts'

/** Gives a function that adds the runs of a program which the kernel skipped since its last call. */
export function skippedRunsReader(
  programs: Pick<Programs, 'programFd'>,
  program: string,
  { kernelSkippedRuns }: Pick<Telemetry, 'kernelSkippedRuns'>,
): () => void {
  const facts = `/proc/self/fdinfo/${programs.programFd(program)}`
  let before = 0
  return () => {
    const found = /^recursion_misses:\s+(\d+)/m.exec(readFileSync(facts, 'utf8'))
    const now = Number(found?.[1] ?? 0)
    kernelSkippedRuns.inc({ program }, now - before)
    before = now
  }
}
