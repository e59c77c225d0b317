import type { DrainedFlows } from '../kernel/kernel.ts'
import { flowKey, flowSlot, flowValue, roles } from '../kernel/wire.gen.ts'
import type { Flow } from '../model.ts'
import { formatAddress } from './address.ts'

/** IPPROTO_UDP */
const UDP = 17

/** Turns map bytes into flows. Two of the same key stay two: they add up later. */
export function decodeFlows({ count, entries }: Pick<DrainedFlows, 'count' | 'entries'>): Flow[] {
  const flows: Flow[] = []
  for (let index = 0; index < count; index++) {
    flows.push(decodeFlow(entries, index * flowSlot.size))
  }
  return flows
}

function decodeFlow(entries: DataView, start: number): Flow {
  const key = start + flowSlot.key.offset
  const value = start + flowSlot.value.offset
  const servicePort = flowKey.servicePort(entries, key)
  const address = key + flowKey.remoteAddress.offset
  return {
    cgroupId: flowKey.cgroupId(entries, key),
    remoteAddress: isOverflow(entries, address, servicePort)
      ? 'other'
      : formatAddress(entries, address),
    servicePort,
    protocol: flowKey.protocol(entries, key) === UDP ? 'udp' : 'tcp',
    role: roles[flowKey.role(entries, key)] ?? 'client',
    processKey: flowKey.process(entries, key),
    bytesSent: flowValue.bytesSent(entries, value),
    bytesReceived: flowValue.bytesReceived(entries, value),
    connectionsOpened: flowValue.connectionsOpened(entries, value),
    rttSumUs: flowValue.rttUs(entries, value),
    rttSamples: flowValue.rttSamples(entries, value),
    rttMinUs: flowValue.rttMinUs(entries, value),
    retransmits: flowValue.retransmits(entries, value),
    datagramsSent: flowValue.datagramsSent(entries, value),
    datagramsReceived: flowValue.datagramsReceived(entries, value),
    failedRefused: flowValue.failedRefused(entries, value),
    failedTimedOut: flowValue.failedTimedOut(entries, value),
    failedUnreachable: flowValue.failedUnreachable(entries, value),
    failedOther: flowValue.failedOther(entries, value),
    resetByUs: flowValue.resetByUs(entries, value),
    resetByPeer: flowValue.resetByPeer(entries, value),
  }
}

/** The key under which the kernel counts a cgroup's flows that had no room: bpf/flows.h */
function isOverflow(entries: DataView, address: number, servicePort: number): boolean {
  if (servicePort !== 0) return false
  for (let at = 0; at < flowKey.remoteAddress.size; at += 4) {
    if (entries.getUint32(address + at) !== 0) return false
  }
  return true
}
