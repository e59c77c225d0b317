import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export type TicksMemory = {
  readonly ticks: number
  readonly series: number
  /** Resident after a tenth of the ticks, in units of 10⁶ bytes. */
  readonly tenthMb: number
  readonly wholeMb: number
}

/**
 * Memory of the agent's stages over so many ticks of some 20 series, half of which end and are born anew
 * every 100 ticks: a process of its own, in which a recorded drain stands in for the kernel and an answer
 * at once for the destination.
 */
export async function measureTicks(ticks: number): Promise<TicksMemory> {
  const program = join(import.meta.dirname, 'agent-ticks-program.ts')
  const options = ['--max-semi-space-size=1', '--expose-gc']
  const { stdout } = await run(process.execPath, [...options, program, `${ticks}`])
  return JSON.parse(stdout)
}
