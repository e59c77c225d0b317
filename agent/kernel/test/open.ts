import { bpfObject } from '../../../ci/bpf/object.ts'
import { createTelemetry } from '../../telemetry.ts'
import { openKernel, type Kernel } from '../kernel.ts'
import { installPrograms, type Programs } from '../programs.ts'
import { seeder } from '../seed.ts'

export type TestKernel = Kernel & {
  readonly programs: Pick<Programs, 'linkFd'>
  /** Events by drop reason, and bytes lost by reason; zeros are left out. */
  readonly drops: () => Promise<Readonly<Record<string, number>>>
  readonly lostBytes: () => Promise<Readonly<Record<string, number>>>
  /** Runs that the kernel skipped, of both copies. */
  readonly skippedRuns: () => Promise<number>
  /** Searches once for connections that are older than the programs. */
  readonly seed: () => Promise<void>
}

/** The real programs on the real kernel. */
export function openTestKernel({
  bytecode = bpfObject(),
  maxFlows = 65536,
  maxOverflow = 4096,
  maxSockets = 65536,
  log = console.error as (line: string) => void,
} = {}): TestKernel {
  const telemetry = createTelemetry('test', '0.0.0')
  const programs = installPrograms({ bytecode, sizes: { maxFlows, maxOverflow, maxSockets }, log })
  const kernel = openKernel({ programs, telemetry })
  return {
    ...kernel,
    programs,
    seed: seeder({ programs, telemetry }),
    drops: () => byReason(telemetry.kernelDrops),
    lostBytes: () => byReason(telemetry.lostBytes),
    skippedRuns: async () => {
      const { values } = await telemetry.kernelSkippedRuns.get()
      return values.reduce((sum, { value }) => sum + value, 0)
    },
  }
}

type Counter = ReturnType<typeof createTelemetry>['kernelDrops']

async function byReason(counter: Counter): Promise<Record<string, number>> {
  const { values } = await counter.get()
  return Object.fromEntries(
    values.filter(({ value }) => value > 0).map(({ labels, value }) => [labels.reason, value]),
  )
}
