import { decodeFlows } from '../../drain/flows.ts'
import type { Process, Role } from '../../model.ts'
import type { Kernel } from '../kernel.ts'
import { processReader } from '../process/processes.ts'
import type { Programs } from '../programs.ts'
import type { Traffic } from './traffic.ts'

/** What one process carried at one end of one service, as it counted itself. */
export type ProcessTruth = Sums & {
  readonly name: string
  readonly port: number
  readonly role: Role
} & Process

type Unowned = Omit<ProcessTruth, keyof Process> & Partial<Process>

type Sums = { readonly opened: number; readonly sent: number; readonly received: number }

/** Sums by service, role and process, such as `443 client 4711 curl`, of which nothing is zero. */
export type ByProcess = Readonly<Record<string, Sums>>

export type ProcessLedger = {
  readonly drain: () => Promise<void>
  readonly counted: () => ByProcess
}

/** Sums what the kernel counted by process for one run of traffic; names are read after each drain. */
export function processLedger(
  { kernel, programs }: { readonly kernel: Kernel; readonly programs: Pick<Programs, 'mapFd'> },
  traffic: Pick<Traffic, 'clientCgroup' | 'serverCgroup'>,
): ProcessLedger {
  const processOf = processReader(programs)
  const cgroups = { client: traffic.clientCgroup, server: traffic.serverCgroup }
  const rows: (readonly [name: string, sums: Sums])[] = []
  return {
    drain: async () => {
      const drained = await kernel.drain()
      for (const flow of decodeFlows(drained)) {
        const { processKey, servicePort, role } = flow
        if (flow.cgroupId !== cgroups[role]) continue
        const process = processKey === 0 ? undefined : processOf(processKey)
        const sums = { opened: flow.connectionsOpened, sent: flow.bytesSent }
        rows.push([nameOf(servicePort, role, process), { ...sums, received: flow.bytesReceived }])
      }
      drained.release()
    },
    counted: () => summed(rows),
  }
}

/** The truth in the same shape. */
export function truthOf(truth: readonly Unowned[]): ByProcess {
  return summed(truth.map(one => [nameOf(one.port, one.role, one), one]))
}

function nameOf(port: number, role: Role, process: Partial<Process> | undefined): string {
  return `${port} ${role} ${process?.pid ?? 'nobody'} ${process?.command ?? ''}`
}

function summed(rows: readonly (readonly [name: string, sums: Sums])[]): ByProcess {
  const sums = new Map<string, Sums>()
  for (const [name, { opened, sent, received }] of rows) {
    if (opened + sent + received === 0) continue
    const before = sums.get(name) ?? { opened: 0, sent: 0, received: 0 }
    sums.set(name, {
      opened: before.opened + opened,
      sent: before.sent + sent,
      received: before.received + received,
    })
  }
  return Object.fromEntries([...sums].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
