import { uidOf } from './names.ts'
import type { PodLife } from './life.ts'
import { managedFields, managedOnce } from './managed-fields.ts'
import { podSpec } from './pod-spec.ts'
import { CREATED, podStatus, STARTED } from './pod-status.ts'
import { revisionHash, templateHash } from './workloads.ts'

const manager = 'kube-controller-manager'
const kubelet = { manager: 'kubelet', time: STARTED, subresource: 'status' }

/** A pod as the API server answers it: what its controller wrote, and what the kubelet did. */
export function podObject(life: PodLife, resourceVersion: string): object {
  const { workload, name, uid, state } = life
  const { controller, namespace } = workload
  const labels = labelsOf(life)
  const annotations = { 'checksum/config': revisionHash(`config ${workload.name}`) }
  const owner = {
    apiVersion: workload.kind === 'CronJob' ? 'batch/v1' : 'apps/v1',
    kind: controller.kind,
    name: controller.name,
    uid: uidOf('controller', controller.kind, namespace, controller.name),
    controller: true,
    blockOwnerDeletion: true,
  }
  const generateName = `${controller.name}-`
  const spec = podSpec(life)
  const status = podStatus(life)
  const managedByKubelet = state !== 'unscheduled' && state !== 'bound'
  const meta = {
    ...(workload.kind !== 'StatefulSet' && { generateName }),
    labels,
    annotations,
    ownerReferences: [owner],
  }
  const { nodeName: _bound, priority: _priority, ...written } = spec
  return {
    metadata: {
      ...meta,
      name,
      namespace,
      uid,
      resourceVersion,
      generation: state === 'terminating' ? 2 : 1,
      creationTimestamp: CREATED,
      ...(state === 'terminating' && {
        deletionTimestamp: STARTED,
        deletionGracePeriodSeconds: 30,
      }),
      // Whose fields are whose depends on which there are, and hardly on their values.
      managedFields: managedOnce(`pod ${workload.kind} ${life.containers.length} ${state}`, () => [
        managedFields({ manager, time: CREATED }, { metadata: meta, spec: written }),
        ...(managedByKubelet ? [managedFields(kubelet, { status })] : []),
      ]),
    },
    spec,
    status,
  }
}

function labelsOf({ workload, name, slot }: PodLife): Readonly<Record<string, string>> {
  const shared = {
    'app.kubernetes.io/component': workload.hasSidecar ? 'backend' : 'worker',
    'app.kubernetes.io/instance': `${workload.name}-production`,
    'app.kubernetes.io/name': workload.name,
    'app.kubernetes.io/version': `1.${slot % 40}.3`,
  }
  if (workload.deployment !== undefined)
    return { ...shared, 'pod-template-hash': templateHash(workload.deployment) }
  const revision = { 'controller-revision-hash': revisionHash(workload.name) }
  if (workload.kind === 'DaemonSet')
    return { ...shared, ...revision, 'pod-template-generation': '1' }
  if (workload.kind === 'StatefulSet') {
    return {
      ...shared,
      ...revision,
      'apps.kubernetes.io/pod-index': name.slice(name.lastIndexOf('-') + 1),
      'statefulset.kubernetes.io/pod-name': name,
    }
  }
  return {
    ...shared,
    'batch.kubernetes.io/job-name': workload.controller.name,
    'job-name': workload.controller.name,
  }
}
