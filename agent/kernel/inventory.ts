/** How many entries the maps have whose size is a setting. */
export type Sizes = {
  /** Flows between two drains; those beyond fold into one per cgroup and role. */
  readonly maxFlows: number
  /** How many of the latter there may be. What has no room even there waits, or is counted as lost. */
  readonly maxOverflow: number
}

/** How the programs see UDP: by the functions that send and receive, by cgroup, or not at all. */
export type UdpMode = 'fentry' | 'cgroup' | 'off'

/** What the settings ask for. `auto`: the cheapest way that the kernel takes. */
export type UdpSetting = 'auto' | 'off'

type Part = {
  readonly name: string
  /** Only there in these modes. Absent: always. */
  readonly udp?: readonly UdpMode[]
}
export type MapPart = Part & { readonly entries?: (sizes: Sizes) => number }
export type ProgramPart = Part & {
  /**
   * How it runs from the start: at its tracepoint or function, or as an iterator when it is read, over
   * what its section says or over a map. Absent: it is attached later, or run by hand.
   */
  readonly attach?: 'tracing' | 'iterator' | { readonly over: string }
}

/** Whether it is there in this mode. */
export function isIn(mode: UdpMode, part: Part): boolean {
  return part.udp?.includes(mode) ?? true
}

/** Map of maps → the inner map that is live at first. */
export const FIRST_LIVE: Readonly<Record<string, string>> = {
  flows: 'flows_a',
  overflow: 'overflow_a',
}

/** What user space, or a later agent, needs of the object: a line each. */
export const MAPS: readonly MapPart[] = [
  { name: 'flows' },
  { name: 'flows_a', entries: sizes => sizes.maxFlows },
  { name: 'flows_b', entries: sizes => sizes.maxFlows },
  { name: 'overflow' },
  { name: 'overflow_a', entries: sizes => sizes.maxOverflow },
  { name: 'overflow_b', entries: sizes => sizes.maxOverflow },
  { name: 'sockets' },
  { name: 'drops' },
]

/** In the order in which they attach. */
export const PROGRAMS: readonly ProgramPart[] = [
  // Two copies of one program: bpf/tcp_state.bpf.c says why.
  { name: 'tcp_state', attach: 'tracing' },
  { name: 'tcp_state_twin', attach: 'tracing' },
  { name: 'live', attach: { over: 'sockets' } },
]
