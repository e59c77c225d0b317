import type { Labels, Metric } from '../../model.ts'

/** A text, a whole number, or a list of texts. */
export type Attribute = readonly [name: string, value: string | number | readonly string[]]

// Whose traffic it is: they go to the resource, in the order in which they make up its id.
const RESOURCE_LABELS = [
  'cluster',
  'source_host',
  'k8s_namespace',
  'k8s_pod',
  'container_name',
  'container_id',
  'container_image',
  'k8s_workload_kind',
  'k8s_workload',
  'zone',
]

const RESOURCE_NAMES: Readonly<Record<string, string>> = {
  cluster: 'k8s.cluster.name',
  container_id: 'container.id',
  k8s_namespace: 'k8s.namespace.name',
  k8s_pod: 'k8s.pod.name',
  source_host: 'host.name',
  zone: 'cloud.availability_zone',
}

const WORKLOAD_NAMES: Readonly<Record<string, string>> = {
  CronJob: 'k8s.cronjob.name',
  DaemonSet: 'k8s.daemonset.name',
  Deployment: 'k8s.deployment.name',
  Job: 'k8s.job.name',
  ReplicaSet: 'k8s.replicaset.name',
  ReplicationController: 'k8s.replicationcontroller.name',
  StatefulSet: 'k8s.statefulset.name',
}

// A process is no resource of its own here: a fork per request would make a resource each.
const POINT_NAMES: Readonly<Record<string, string>> = {
  destination_ip: 'network.peer.address',
  destination_port: 'server.port',
  process_cmd: 'process.executable.name',
  process_pid: 'process.pid',
  protocol: 'network.transport',
}

const NUMBERS = ['server.port', 'process.pid']

/** What counts traffic, and what counts itself: their resources must differ, since their ticks do. */
export type Service = 'podatlas' | 'podatlas-agent'

export function serviceOf({ name }: Metric): Service {
  return name.startsWith('podatlas_agent_') ? 'podatlas-agent' : 'podatlas'
}

/** The values that tell a resource from all others, readable: it becomes `instance` in Prometheus. */
export function resourceId(target: Labels): string {
  const values = RESOURCE_LABELS.map(label => target.find(([name]) => name === label)?.[1])
  return values.filter(value => value !== undefined).join('/')
}

/** By the semantic conventions 1.45; a label that they have no name for keeps its own. */
export function resourceAttributes(
  target: Labels,
  service: Service,
  isKubernetes: boolean,
): Attribute[] {
  const labels = new Map(target.filter(([name]) => RESOURCE_LABELS.includes(name)))
  const node = labels.get('source_host')
  const attributes: Attribute[] = [
    ['service.name', service],
    ['service.instance.id', resourceId(target)],
    ...(isKubernetes && node !== undefined ? [['k8s.node.name', node] as const] : []),
    ...containerAttributes(labels),
    ...workloadAttributes(labels),
  ]
  for (const [label, name] of Object.entries(RESOURCE_NAMES)) {
    const value = labels.get(label)
    if (value !== undefined) attributes.push([name, value])
  }
  return attributes
}

/** What tells the points of a resource apart, without what the metric says itself. */
export function pointAttributes(target: Labels): Attribute[] {
  const attributes: Attribute[] = []
  for (const [label, value] of target) {
    if (RESOURCE_LABELS.includes(label)) continue
    const name = POINT_NAMES[label] ?? label
    attributes.push([name, NUMBERS.includes(name) ? Number(value) : value])
  }
  const remote = target.find(([name]) => name === 'destination_ip')?.[1]
  const role = target.find(([name]) => name === 'role')?.[1]
  if (remote !== undefined && role !== undefined)
    attributes.push([role === 'client' ? 'server.address' : 'client.address', remote])
  return attributes
}

/** What all points of a metric have in common. */
export function metricAttributes({ name, labels }: Metric): Attribute[] {
  const direction = /^podatlas_(transmit|receive)_/.exec(name)?.[1]
  return [
    ...labels.filter(([label]) => label !== '__name__'),
    ...(direction === undefined ? [] : [['network.io.direction', direction] as const]),
  ]
}

/** In a pod it is the pod's name for it; elsewhere the runtime's, or that of a unit. */
function containerAttributes(labels: ReadonlyMap<string, string>): Attribute[] {
  const name = labels.get('container_name')
  const image = labels.get('container_image')
  const attributes: Attribute[] = []
  if (name !== undefined)
    attributes.push([labels.has('k8s_pod') ? 'k8s.container.name' : 'container.name', name])
  if (image !== undefined) attributes.push(...imageAttributes(image))
  return attributes
}

/** `registry:5000/nginx:1.29@sha256:…`: the conventions keep name, tag and digest apart. */
function imageAttributes(image: string): Attribute[] {
  const [tagged = '', digest] = image.split('@')
  const [, name = tagged, tag] = /^(.+):([^:/]+)$/.exec(tagged) ?? []
  return [
    ['container.image.name', name],
    ...(tag === undefined ? [] : [['container.image.tags', [tag]] as const]),
    ...(digest === undefined
      ? []
      : [['container.image.repo_digests', [`${name}@${digest}`]] as const]),
  ]
}

function workloadAttributes(labels: ReadonlyMap<string, string>): Attribute[] {
  const workload = labels.get('k8s_workload')
  const kind = labels.get('k8s_workload_kind')
  const known = kind === undefined ? undefined : WORKLOAD_NAMES[kind]
  if (workload !== undefined && known !== undefined) return [[known, workload]]
  return [
    ...(workload === undefined ? [] : [['k8s_workload', workload] as const]),
    ...(kind === undefined ? [] : [['k8s_workload_kind', kind] as const]),
  ]
}
