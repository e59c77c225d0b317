import type { PodLife } from './life.ts'
import { hexOf } from './names.ts'
import { imageOf } from './pod-spec.ts'

export const CREATED = '2026-11-02T08:15:30Z'
export const STARTED = '2026-11-02T08:15:42Z'
const RESTARTED = '2026-11-09T11:02:07Z'

/** As the kubelet writes it. */
export function podStatus(life: PodLife): object {
  const { state, podIp, hostIp } = life
  const qosClass = 'Burstable'
  if (state === 'unscheduled') return { phase: 'Pending', qosClass }
  if (state === 'bound')
    return { phase: 'Pending', conditions: [condition('PodScheduled', true)], qosClass }
  const isReady = state === 'running' || state === 'restarted'
  return {
    observedGeneration: state === 'terminating' ? 2 : 1,
    phase: podIp === undefined ? 'Pending' : 'Running',
    conditions: [
      condition('PodReadyToStartContainers', podIp !== undefined),
      condition('Initialized', true),
      condition('Ready', isReady),
      condition('ContainersReady', isReady),
      condition('PodScheduled', true),
    ],
    hostIP: hostIp,
    hostIPs: [{ ip: hostIp }],
    ...(podIp !== undefined && { podIP: podIp, podIPs: [{ ip: podIp }] }),
    startTime: CREATED,
    containerStatuses: life.containers.map(one => containerStatus(life, one, isReady)),
    qosClass,
  }
}

function condition(type: string, isTrue: boolean) {
  return {
    type,
    observedGeneration: 1,
    status: isTrue ? 'True' : 'False',
    lastProbeTime: null,
    lastTransitionTime: STARTED,
    ...(!isTrue && {
      reason: 'ContainersNotReady',
      message: 'containers with unready status: [server]',
    }),
  }
}

function containerStatus(
  life: PodLife,
  { name, id, lastId }: PodLife['containers'][number],
  ready: boolean,
) {
  const image = imageOf(life, name)
  const resources = { limits: { memory: '512Mi' }, requests: { cpu: '100m', memory: '256Mi' } }
  if (id === undefined) {
    const state = { waiting: { reason: 'ContainerCreating' } }
    return {
      name,
      state,
      lastState: {},
      ready: false,
      restartCount: 0,
      image,
      imageID: '',
      started: false,
    }
  }
  const crash = {
    terminated: {
      exitCode: 137,
      reason: 'OOMKilled',
      startedAt: STARTED,
      finishedAt: RESTARTED,
      containerID: `containerd://${lastId}`,
    },
  }
  return {
    name,
    state: { running: { startedAt: lastId === undefined ? STARTED : RESTARTED } },
    lastState: lastId === undefined ? {} : crash,
    ready,
    restartCount: lastId === undefined ? 0 : 1,
    image,
    imageID: `${image.slice(0, image.lastIndexOf(':'))}@sha256:${hexOf('image', image)}`,
    containerID: `containerd://${id}`,
    started: true,
    allocatedResources: resources.requests,
    resources,
    volumeMounts: [
      { name: 'config', mountPath: '/etc/service', readOnly: true, recursiveReadOnly: 'Disabled' },
    ],
    user: { linux: { uid: 10_001, gid: 0, supplementalGroups: [0, 10_001] } },
  }
}
