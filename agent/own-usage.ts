import type { Telemetry } from './telemetry.ts'

const US_PER_S = 1_000_000

/** Makes a function that counts what the process itself has used: CPU since its start, and memory now. */
export function ownUsage({
  cpuSeconds,
  residentMemory,
}: Pick<Telemetry, 'cpuSeconds' | 'residentMemory'>): () => void {
  let countedUs = 0
  return () => {
    const { user, system } = process.cpuUsage()
    cpuSeconds.inc((user + system - countedUs) / US_PER_S)
    countedUs = user + system
    residentMemory.set(process.memoryUsage.rss())
  }
}
