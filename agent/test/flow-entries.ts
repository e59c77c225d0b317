import { flowKey, flowSlot } from '../kernel/wire.gen.ts'

/** What a cgroup exchanged with an IPv4 address at port 443, as a client over TCP. */
export type TestFlow = {
  readonly cgroupId: number
  /** The address as a number: 0xc0000207 is 192.0.2.7. */
  readonly address: number
  readonly bytesSent: number
  readonly bytesReceived: number
}

// struct flow_key and struct flow_value in bpf/wire.h: the generated readers keep theirs to themselves.
const AT = { servicePort: 24, protocol: 26, role: 27, bytesSent: 0, bytesReceived: 8 }
const TCP = 6
const CLIENT = 0
/** The address ends with its IPv4 part, after ten zeros and two bytes of ones. */
const MAPPED = 10

/** Entries of the flows map as a drain gives them. */
export function flowEntries(flows: readonly TestFlow[]): { count: number; entries: DataView } {
  const entries = new DataView(new ArrayBuffer(flows.length * flowSlot.size))
  for (const [index, flow] of flows.entries()) writeFlow(entries, index, flow)
  return { count: flows.length, entries }
}

export function writeFlow(entries: DataView, index: number, flow: TestFlow): void {
  const key = index * flowSlot.size + flowSlot.key.offset
  const value = index * flowSlot.size + flowSlot.value.offset
  const address = key + flowKey.remoteAddress.offset
  setU64(entries, key, flow.cgroupId)
  entries.setUint16(address + MAPPED, 0xff_ff)
  entries.setUint32(address + MAPPED + 2, flow.address)
  entries.setUint16(key + AT.servicePort, 443, true)
  entries.setUint8(key + AT.protocol, TCP)
  entries.setUint8(key + AT.role, CLIENT)
  setU64(entries, value + AT.bytesSent, flow.bytesSent)
  setU64(entries, value + AT.bytesReceived, flow.bytesReceived)
}

function setU64(entries: DataView, at: number, number: number): void {
  entries.setUint32(at, number % 2 ** 32, true)
  entries.setUint32(at + 4, Math.floor(number / 2 ** 32), true)
}
