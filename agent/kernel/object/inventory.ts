import type { VariablePlace } from '../system/libbpf.ts'
import { flowSlot, knobs } from '../wire.gen.ts'

/** How many entries the maps have whose size is a setting. */
export type Sizes = {
  /** Flows between two drains; those beyond fold into one per cgroup and role. */
  readonly maxFlows: number
  /** How many of the latter there may be. What has no room even there waits, or is counted as lost. */
  readonly maxOverflow: number
  /** TCP sockets that are counted while they are open; those beyond are counted when they close. */
  readonly maxSockets: number
}

/** How the programs see UDP: by the functions that send and receive, by cgroup, or not at all. */
export type UdpMode = 'fentry' | 'cgroup' | 'off'

/** What the settings ask for. `auto`: the cheapest way that the kernel takes. */
export type UdpSetting = 'auto' | 'off'

/** What the programs do beyond counting connections. */
export type Mode = {
  readonly udp: UdpMode
  /** Whether flows are told apart by process. */
  readonly processes: boolean
}

type Part = {
  readonly name: string
  /** Only there in these modes. Absent: always. */
  readonly udp?: readonly UdpMode[]
  /** Only there where flows are told apart by process. */
  readonly processes?: true
}
export type MapPart = Part & {
  readonly entries?: (sizes: Sizes) => number
  /** Maps that programs of another version go on with, all of a group or none. */
  readonly shared?: 'flows' | 'sockets' | 'processes' | 'udp' | 'events'
}
export type ProgramPart = Part & {
  /**
   * How it runs from the start: at its tracepoint or function, or as an iterator when it is read, over
   * what its section says or over a map. Absent: it is attached later, or run by hand.
   */
  readonly attach?: 'tracing' | 'iterator' | { readonly over: string }
  /** Loaded in its place where the kernel has the function that it calls. */
  readonly faster?: { readonly program: string; readonly needs: string }
}

/** Whether it is there in this mode. */
export function isIn({ udp, processes }: Mode, part: Part): boolean {
  return (part.udp?.includes(udp) ?? true) && (processes || !part.processes)
}

/**
 * To be raised when the same bytes in a shared map come to mean something else, or are found in another
 * way, such as by another hash: programs of different versions share no maps, and take over what is in
 * them by the names of its fields.
 */
export const LAYOUT_VERSION = 1

/**
 * To be raised when a socket's place in the table is found in another way, or phases and roles are other
 * numbers: then the old programs have to end before the new ones begin, with a gap in between.
 */
export const SOCKET_TABLE_VERSION = 1

/** The inner maps of `flows`: one is live, one at rest. */
export const FLOW_TABLES = ['flows_a', 'flows_b'] as const

// bpf/socket_table.h and bpf/socket_walk.h
const BUCKET_SIZE = 8
const BUCKETS_PER_RUN = 64

/** Processes whose names are kept; those that were not met for longest are forgotten. */
const MAX_PROCESSES = 16_384
/** Ports of network namespaces on which somebody listens. */
const MAX_LISTENERS = 8_192

/** What user space, or a later agent, needs of the object: a line each. */
export const MAPS: readonly MapPart[] = [
  { name: 'flows', shared: 'flows' },
  { name: 'flows_a', shared: 'flows', entries: flowSlots },
  { name: 'flows_b', shared: 'flows', entries: flowSlots },
  { name: 'socket_buckets', shared: 'sockets', entries: sizes => bucketsFor(sizes) },
  { name: 'socket_slots', shared: 'sockets', entries: sizes => bucketsFor(sizes) * BUCKET_SIZE },
  { name: 'socket_walk', entries: sizes => Math.ceil(bucketsFor(sizes) / BUCKETS_PER_RUN) },
  { name: 'late_sockets' },
  // Of the programs before, in use while both sets count: bpf/old_table.h.
  { name: 'old_table' },
  { name: 'old_buckets' },
  { name: 'old_late_sockets' },
  { name: 'drops' },
  { name: 'process_names', shared: 'processes', processes: true, entries: () => MAX_PROCESSES },
  { name: 'socket_processes', processes: true, entries: sizes => bucketsFor(sizes) * BUCKET_SIZE },
  { name: 'listener_processes', processes: true, entries: () => MAX_LISTENERS },
  { name: 'process_walk', processes: true },
  { name: 'cgroup_events', shared: 'events' },
  { name: 'seeded' },
  { name: 'udp_cgroups', udp: ['cgroup'] },
  { name: 'udp_attaching', udp: ['cgroup'] },
  { name: 'udp_instances', shared: 'udp', udp: ['cgroup'] },
]

/** In the order in which they attach. */
export const PROGRAMS: readonly ProgramPart[] = [
  // Two copies of one program: bpf/tcp_state.bpf.c says why.
  { name: 'tcp_state', attach: 'tracing' },
  { name: 'tcp_state_twin', attach: 'tracing' },
  {
    name: 'live',
    attach: { over: 'socket_walk' },
    faster: { program: 'live_cast', needs: 'bpf_rdonly_cast' },
  },
  { name: 'cgroup_birth', attach: 'tracing' },
  { name: 'seed_listeners', attach: 'iterator' },
  { name: 'seed_sockets', attach: 'iterator' },
  { name: 'process_holders', processes: true, attach: 'iterator' },
  { name: 'udp_send', udp: ['fentry'], attach: 'tracing' },
  { name: 'udp_send_v6', udp: ['fentry'], attach: 'tracing' },
  { name: 'udp_receive', udp: ['fentry'], attach: 'tracing' },
  // Attached by udp.ts: the first to the root, the next two to the cgroups where UDP is.
  { name: 'udp_socket', udp: ['cgroup'] },
  { name: 'udp_egress', udp: ['cgroup'] },
  { name: 'udp_ingress', udp: ['cgroup'] },
  { name: 'udp_sockets', udp: ['cgroup'], attach: 'iterator' },
]

/** Sets a variable of the programs, which is a constant for the kernel's verifier. */
export type Variable = { readonly at: VariablePlace; readonly value: number }

export function variablesFor(sizes: Sizes, processes: boolean): Variable[] {
  return [
    // x86 keeps the order of loads and of stores.
    { at: knobs.weaklyOrdered, value: process.arch === 'x64' ? 0 : 1 },
    { at: knobs.socketBucketCount, value: bucketsFor(sizes) },
    { at: knobs.byProcess, value: processes ? 1 : 0 },
  ]
}

/** The table's own entry, what it holds, and a bucket for each of these: bpf/flows.h. */
export function flowSlots({ maxFlows, maxOverflow }: Sizes): number {
  const capacity = maxFlows + maxOverflow
  return 1 + capacity + Math.ceil(capacity / flowSlot.heads.size)
}

/** A power of two: the hash is cut to so many bits. */
function bucketsFor({ maxSockets }: Sizes): number {
  return 2 ** Math.ceil(Math.log2(maxSockets / BUCKET_SIZE))
}
