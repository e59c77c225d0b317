import type { Owner } from '../model.ts'

/** Labels that every traffic series has as far as they are known, and that can be left out. */
export const DROPPABLE_LABELS = [
  'k8s_namespace',
  'k8s_pod',
  'container_name',
  'k8s_workload',
  'k8s_workload_kind',
  'destination_ip',
  'destination_port',
  'protocol',
  'role',
] as const

/** Labels that traffic series have on demand. */
export const OPTIONAL_LABELS = ['container_image', 'container_id', 'zone'] as const

type DroppableLabel = (typeof DROPPABLE_LABELS)[number]
type OptionalLabel = (typeof OPTIONAL_LABELS)[number]

/** Which labels traffic series carry. What coincides without a label is one series, and sums stay exact. */
export type LabelChoice = {
  readonly add: readonly OptionalLabel[]
  readonly drop: readonly DroppableLabel[]
  /** With `process_pid` and `process_cmd`. */
  readonly processes: boolean
}

export type TrafficLabel = DroppableLabel | OptionalLabel | 'process_pid' | 'process_cmd'

export function chosenLabels({ add, drop, processes }: LabelChoice): ReadonlySet<TrafficLabel> {
  const dropped = new Set<TrafficLabel>(drop)
  const chosen = DROPPABLE_LABELS.filter(name => !dropped.has(name))
  return new Set([...chosen, ...add, ...(processes ? PROCESS_LABELS : [])])
}

const PROCESS_LABELS = ['process_pid', 'process_cmd'] as const

/** What an owner says for each label of the local end, in the order of their names. */
export const ownerLabels: readonly (readonly [
  TrafficLabel,
  (owner: Owner) => string | undefined,
])[] = [
  ['container_id', owner => owner.containerId],
  ['container_image', owner => owner.image],
  ['container_name', owner => owner.container],
  ['k8s_namespace', owner => owner.namespace],
  ['k8s_pod', owner => owner.pod],
  ['k8s_workload', owner => owner.workload],
  ['k8s_workload_kind', owner => owner.workloadKind],
]
