/** Which end of a connection the local container was: the one that opened it, or the one that accepted it. */
export type Role = 'client' | 'server'

export type Protocol = 'tcp' | 'udp'

/** What one cgroup exchanged with one remote service since the drain before. */
export type Flow = {
  /** Inode of the cgroup v2 directory in which `socket()` was called (for accepted connections: the listener's). */
  readonly cgroupId: number
  /** The remote end as canonical text; a v4-mapped IPv6 address reads as IPv4. */
  readonly remoteAddress: string
  /** The port of the service, whichever end it is on; ephemeral ports never leave the kernel. */
  readonly servicePort: number
  readonly protocol: Protocol
  readonly role: Role
  /** A number for the process, for `processReader` (agent/kernel/process/processes.ts); 0: not by process, or not known. */
  readonly processKey: number
  /** Payload bytes that the peer acknowledged. */
  readonly bytesSent: number
  /** Payload bytes received in order. */
  readonly bytesReceived: number
  /** Connections this end opened (client) or took (server). */
  readonly connectionsOpened: number
  /** Sum of the smoothed round-trip times that were sampled; divided by their number it is their mean. */
  readonly rttSumUs: number
  readonly rttSamples: number
  /** The smallest round-trip time seen; 0 without a sample. */
  readonly rttMinUs: number
  /** TCP segments that were sent again. */
  readonly retransmits: number
  readonly datagramsSent: number
  readonly datagramsReceived: number
  /** Connections that could not be established, by reason. */
  readonly failedRefused: number
  readonly failedTimedOut: number
  readonly failedUnreachable: number
  readonly failedOther: number
  /** Connections that were broken off, by the end that did it. */
  readonly resetByUs: number
  readonly resetByPeer: number
}

/** Who owns a cgroup. Absent means unknown or not applicable, never an empty string. */
export type Owner = {
  readonly namespace?: string
  readonly pod?: string
  /** Container name in Kubernetes, else the systemd unit or the short container id. */
  readonly container?: string
  /** What made the pod: of a pod of ReplicaSet `cart-6d4f9c` it is Deployment `cart`. */
  readonly workload?: string
  /** Such as `Deployment`, `StatefulSet`, `DaemonSet`, `Job`, `CronJob`, or the kind of an operator's object. */
  readonly workloadKind?: string
  /** As in the pod's specification, such as `docker.io/library/nginx:1.29`. */
  readonly image?: string
  /** All 64 hex digits. */
  readonly containerId?: string
}

/** A process of the node, as its kernel knows it. */
export type Process = {
  /** In the host's PID namespace. */
  readonly pid: number
  /** As in /proc/PID/comm: 15 bytes at most. Absent: not known. */
  readonly command?: string
}

export type AttributedFlow = Flow & {
  readonly owner: Owner
  /** Only where processes are told apart, and where it is known whose flow it is. */
  readonly process?: Process
}

/** Label pairs sorted by name in byte order, no empty value. */
export type Labels = readonly (readonly [name: string, value: string])[]

export type MetricType =
  | 'counter'
  | 'gauge'
  | 'histogram'
  | 'gauge_histogram'
  | 'summary'
  | 'info'
  | 'stateset'
  | 'unknown'

/** What all series of one name have in common. */
export type Metric = {
  readonly name: string
  readonly help: string
  /** What we count is a counter or a gauge; the other types are those of relayed pages. */
  readonly type: MetricType
  /** `__name__`, and what else every series of this metric carries besides its target's labels. */
  readonly labels: Labels
}

/**
 * One time series: its labels are those of its metric and those of its target. The same objects stand
 * for the same series, metric and target in every tick, so sinks may cache by each of them.
 */
export type Series = {
  readonly metric: Metric
  /** Shared by all series of a target: that is most of what they take. */
  readonly target: Labels
  /** When the counter started from zero, ms since the epoch. */
  readonly startMs: number
}

/** One moment of series, none of which occurs twice. */
export type Samples = {
  readonly timestampMs: number
  readonly series: readonly Series[]
  /** One for each of `series`; absent: they end here. */
  readonly values?: Float64Array
}
