/** What of a pod tells its workload. `null` stands for absent, as in the answers of an API server. */
export type WorkloadFacts = {
  readonly name: string
  readonly nodeName?: string | null | undefined
  readonly labels?: Readonly<Record<string, unknown>> | null | undefined
  readonly ownerReferences?:
    | readonly {
        readonly kind: string
        readonly name: string
        readonly controller?: boolean | null | undefined
      }[]
    | null
    | undefined
  /** When the pod was made, ms since the epoch. */
  readonly createdMs?: number | undefined
}

export type Workload = { readonly workload: string; readonly workloadKind: string }

/** The label that a controller puts on its pods, and what makes the ReplicaSet then. */
const MAKERS = [
  ['pod-template-hash', 'Deployment'],
  ['rollouts-pod-template-hash', 'Rollout'],
] as const

/** Eight digits from 2020 on. A date such as 20261123 reads as a time long before. */
const MINUTES = /^(.+)-(\d{8})$/
const MINUTES_OF_2020 = 26_297_280
const DAY_MS = 86_400_000

/**
 * What made a pod, from the pod alone: one more right, one more watch and one more object per workload
 * would only confirm what the names say. Without a controller the pod is its own workload.
 */
export function workloadOf(pod: WorkloadFacts): Workload {
  const controller = pod.ownerReferences?.find(({ controller: isController }) => isController)
  if (controller === undefined) return { workload: pod.name, workloadKind: 'Pod' }
  const { kind, name } = controller
  if (kind === 'ReplicaSet') return ofReplicaSet(name, pod)
  if (kind === 'Job') return ofJob(name, pod)
  if (kind === 'Node') return ofStaticPod(pod)
  return { workload: name, workloadKind: kind }
}

function ofReplicaSet(name: string, { labels }: WorkloadFacts): Workload {
  for (const [label, workloadKind] of MAKERS) {
    const hash = labels?.[label]
    if (typeof hash !== 'string' || hash === '' || !name.endsWith(`-${hash}`)) continue
    const workload = name.slice(0, -hash.length - 1)
    if (workload !== '') return { workload, workloadKind }
  }
  return { workload: name, workloadKind: 'ReplicaSet' }
}

/**
 * The CronJob controller calls its Jobs `<name>-<minutes since the epoch>` after the time they were due
 * (getJobName in kubernetes pkg/controller/cronjob/utils.go). A Job of that form made by hand reads alike.
 */
function ofJob(name: string, { createdMs = Number.POSITIVE_INFINITY }: WorkloadFacts): Workload {
  const [, workload, digits] = MINUTES.exec(name) ?? []
  const dueMinutes = Number(digits)
  const isDue = dueMinutes >= MINUTES_OF_2020 && dueMinutes * 60_000 <= createdMs + DAY_MS
  if (workload !== undefined && isDue) return { workload, workloadKind: 'CronJob' }
  return { workload: name, workloadKind: 'Job' }
}

/** Its file stands on several nodes as a rule, and the kubelet appends the node to the name of each pod. */
function ofStaticPod({ name, nodeName }: WorkloadFacts): Workload {
  const suffix = `-${nodeName ?? ''}`
  const isSuffixed = suffix.length > 1 && name.endsWith(suffix) && name.length > suffix.length
  return { workload: isSuffixed ? name.slice(0, -suffix.length) : name, workloadKind: 'StaticPod' }
}
