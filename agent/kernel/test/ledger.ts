import { decodeFlows } from '../../drain/flows.ts'
import type { Flow, Role } from '../../model.ts'
import type { Kernel } from '../kernel.ts'
import type { Service, Traffic } from './traffic.ts'

/** Sums what the kernel counted for one run of traffic, and for nobody else on the machine. */
export type Ledger = {
  readonly drain: () => Promise<void>
  readonly flows: () => readonly Flow[]
  /** The same shape as the truth, so that the two can be compared. */
  readonly counted: (service: Service) => Service
}

export function ledger(kernel: Kernel, traffic: Traffic): Ledger {
  return ledgerOf(async () => {
    const drained = await kernel.drain()
    const flows = decodeFlows(drained)
    drained.release()
    return flows
  }, traffic)
}

/** The same where somebody else drains. */
export function ledgerOf(drain: () => Promise<readonly Flow[]>, traffic: Traffic): Ledger {
  const flows: Flow[] = []
  const cgroups = { client: traffic.clientCgroup, server: traffic.serverCgroup }
  const sum = (
    service: Service,
    role: Role,
    field: keyof Flow &
      (`bytes${string}` | `datagrams${string}` | 'connectionsOpened' | `failed${string}`),
  ) =>
    flows
      .filter(flow => flow.role === role && flow.servicePort === service.port)
      .reduce((total, flow) => total + flow[field], 0)
  const failed = (service: Service, role: Role) =>
    sum(service, role, 'failedRefused') +
    sum(service, role, 'failedTimedOut') +
    sum(service, role, 'failedUnreachable') +
    sum(service, role, 'failedOther')
  const end = (service: Service, role: Role) => ({
    opened: sum(service, role, 'connectionsOpened'),
    sent: sum(service, role, 'bytesSent'),
    received: sum(service, role, 'bytesReceived'),
    datagramsSent: sum(service, role, 'datagramsSent'),
    datagramsReceived: sum(service, role, 'datagramsReceived'),
  })
  return {
    drain: async () => {
      flows.push(...(await drain()).filter(flow => flow.cgroupId === cgroups[flow.role]))
    },
    flows: () => flows,
    counted: service => ({
      ...service,
      failed: failed(service, 'client') + failed(service, 'server'),
      client: end(service, 'client'),
      server: end(service, 'server'),
    }),
  }
}
