import { setTimeout as sleep } from 'node:timers/promises'
import { decodeFlows } from '../../agent/drain/flows.ts'
import type { UdpSetting } from '../../agent/kernel/object/inventory.ts'
import { openKernel, type Kernel } from '../../agent/kernel/kernel.ts'
import { installPrograms, type Programs } from '../../agent/kernel/programs.ts'
import type { Flow, Role } from '../../agent/model.ts'
import { createTelemetry } from '../../agent/telemetry.ts'
import { bpfObject } from '../bpf/object.ts'
import type { Counts } from './native.ts'

/** Podatlas at work on the real kernel. */
export type Counting = Disposable & {
  readonly programs: Programs
  readonly kernel: Kernel
  /** What was counted in a cgroup since the last call, however often it was drained meanwhile. */
  readonly take: (cgroupId: number) => Promise<Sums>
  /** Drains as the agent does; what came out is kept for `take`. */
  readonly drain: () => Promise<void>
  readonly drains: () => number
}

type End = { readonly opened: number; readonly sent: number; readonly received: number }
type Sums = { readonly client: End; readonly server: End }

type CountingOptions = {
  readonly bytecode?: string | undefined
  readonly maxFlows?: number
  readonly udp?: UdpSetting
}

export function startCounting({
  bytecode = bpfObject(),
  maxFlows = 65_536,
  udp = 'off',
}: CountingOptions = {}): Counting {
  const sizes = { maxFlows, maxOverflow: 4_096, maxSockets: 131_072 }
  // An error says enough; what `auto` tries in vain is no error.
  const programs = installPrograms({ bytecode, sizes, udp, log: () => {} })
  const kernel = openKernel({ programs, telemetry: createTelemetry('bench', '0.0.0') })
  let flows: Flow[] = []
  let drains = 0
  const drain = async () => {
    drains++
    const drained = await kernel.drain()
    flows = flows.concat(decodeFlows(drained))
    drained.release()
  }
  return {
    programs,
    kernel,
    drain,
    drains: () => drains,
    take: async cgroupId => {
      await drain()
      const ours = flows.filter(flow => flow.cgroupId === cgroupId)
      flows = []
      return { client: sumsOf(ours, 'client'), server: sumsOf(ours, 'server') }
    },
    [Symbol.dispose]: () => kernel[Symbol.dispose](),
  }
}

/** A benchmark whose answers are wrong is worth nothing: throws. */
export function requireEqual(counted: Sums, { client, server }: Counts): void {
  const [said, seen] = [JSON.stringify({ client, server }), JSON.stringify(counted)]
  if (said !== seen) throw new Error(`the programs say ${said}, podatlas counted ${seen}`)
}

/** What was attached or detached settles: the kernel rewrites its call sites in the background. */
export function settle(): Promise<void> {
  return sleep(50)
}

function sumsOf(flows: readonly Flow[], role: Role): End {
  const sum = (field: 'connectionsOpened' | 'bytesSent' | 'bytesReceived') =>
    flows.reduce((total, flow) => total + (flow.role === role ? flow[field] : 0), 0)
  return {
    opened: sum('connectionsOpened'),
    sent: sum('bytesSent'),
    received: sum('bytesReceived'),
  }
}
