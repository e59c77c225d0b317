import type { DrainedFlows } from '../kernel/kernel.ts'
import { flowKey, flowValue, roles } from '../kernel/wire.gen.ts'
import type { Flow } from '../model.ts'
import { formatAddress } from './address.ts'

/** IPPROTO_UDP */
const UDP = 17

/** Turns map bytes into flows. Two of the same key (of two maps) stay two: they add up later. */
export function decodeFlows({ count, keys, values }: DrainedFlows): Flow[] {
  return Array.from({ length: count }, (_, index) =>
    decodeFlow(keys, index * flowKey.size, values, index * flowValue.size),
  )
}

function decodeFlow(keys: DataView, key: number, values: DataView, value: number): Flow {
  const servicePort = flowKey.servicePort(keys, key)
  const address = key + flowKey.remoteAddress.offset
  return {
    cgroupId: flowKey.cgroupId(keys, key),
    remoteAddress: isOverflow(keys, address, servicePort) ? 'other' : formatAddress(keys, address),
    servicePort,
    protocol: flowKey.protocol(keys, key) === UDP ? 'udp' : 'tcp',
    role: roles[flowKey.role(keys, key)] ?? 'client',
    bytesSent: flowValue.bytesSent(values, value),
    bytesReceived: flowValue.bytesReceived(values, value),
    connectionsOpened: flowValue.connectionsOpened(values, value),
    rttSumUs: flowValue.rttUs(values, value),
    rttSamples: flowValue.rttSamples(values, value),
    rttMinUs: flowValue.rttMinUs(values, value),
    retransmits: flowValue.retransmits(values, value),
    datagramsSent: flowValue.datagramsSent(values, value),
    datagramsReceived: flowValue.datagramsReceived(values, value),
    failedRefused: flowValue.failedRefused(values, value),
    failedTimedOut: flowValue.failedTimedOut(values, value),
    failedUnreachable: flowValue.failedUnreachable(values, value),
    failedOther: flowValue.failedOther(values, value),
    resetByUs: flowValue.resetByUs(values, value),
    resetByPeer: flowValue.resetByPeer(values, value),
  }
}

/** The key under which the kernel counts a cgroup's flows that had no room: bpf/flows.h */
function isOverflow(keys: DataView, address: number, servicePort: number): boolean {
  if (servicePort !== 0) return false
  for (let at = 0; at < flowKey.remoteAddress.size; at += 4) {
    if (keys.getUint32(address + at) !== 0) return false
  }
  return true
}
