import { bpfObject } from '../../../ci/bpf/object.ts'
import { createTelemetry } from '../../telemetry.ts'
import { openKernel, type Kernel } from '../kernel.ts'
import { installPrograms, type Programs } from '../programs.ts'
import { seeder } from '../seed.ts'

export type TestKernel = Kernel & {
  readonly programs: Pick<Programs, 'linkFd' | 'mapFd' | 'descriptors'>
  /** Events by drop reason, and bytes lost by reason; zeros are left out. */
  readonly drops: () => Readonly<Record<string, number>>
  readonly lostBytes: () => Readonly<Record<string, number>>
  /** Runs that the kernel skipped, of both copies. */
  readonly skippedRuns: () => number
  /** Searches once for connections that are older than the programs. */
  readonly seed: () => Promise<void>
}

const opened: Pick<TestKernel, 'drops'>[] = []

/** Events that the kernel kept from the programs, as those that were opened in this process have told. */
export function unseenEvents(): number {
  return opened.reduce((sum, { drops }) => sum + (drops()['close_unseen'] ?? 0), 0)
}

/** The real programs on the real kernel. */
export function openTestKernel({
  bytecode = bpfObject(),
  maxFlows = 65536,
  maxOverflow = 4096,
  maxSockets = 65536,
  processes = false,
  pinDirectory = '',
  log = console.error as (line: string) => void,
} = {}): TestKernel {
  const telemetry = createTelemetry('test', '0.0.0')
  const sizes = { maxFlows, maxOverflow, maxSockets }
  const programs = installPrograms({ bytecode, sizes, processes, pinDirectory, log })
  const kernel = openKernel({ programs, telemetry })
  const drops = () => byReason(telemetry.kernelDrops)
  opened.push({ drops })
  return {
    ...kernel,
    programs,
    seed: seeder({ programs, telemetry }),
    drops,
    lostBytes: () => byReason(telemetry.lostBytes),
    skippedRuns: () => {
      const values = [...telemetry.kernelSkippedRuns.readings.values()]
      return values.reduce((sum, { value }) => sum + value, 0)
    },
  }
}

type Counter = ReturnType<typeof createTelemetry>['kernelDrops']

function byReason(counter: Counter): Record<string, number> {
  const values = [...counter.readings.values()]
  return Object.fromEntries(
    values.filter(({ value }) => value > 0).map(({ labels, value }) => [labels.reason, value]),
  )
}
