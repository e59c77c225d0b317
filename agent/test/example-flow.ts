import type { AttributedFlow } from '../model.ts'

/** A flow for tests: one container to one address, idle but for what is `changed`. */
export function exampleFlow(changed: Partial<AttributedFlow> = {}): AttributedFlow {
  return {
    cgroupId: 7,
    remoteAddress: '192.0.2.7',
    servicePort: 443,
    protocol: 'tcp',
    role: 'client',
    processKey: 0,
    bytesSent: 0,
    bytesReceived: 0,
    connectionsOpened: 0,
    rttSumUs: 0,
    rttSamples: 0,
    rttMinUs: 0,
    retransmits: 0,
    datagramsSent: 0,
    datagramsReceived: 0,
    failedRefused: 0,
    failedTimedOut: 0,
    failedUnreachable: 0,
    failedOther: 0,
    resetByUs: 0,
    resetByPeer: 0,
    owner: {},
    ...changed,
  }
}
