import { expect, test } from 'vitest'
import { parseCgroupPath } from './cgroup-path.ts'
import { ownerFinder } from './owner.ts'
import { createPodNames } from './pod-names.ts'
import { readPod } from './pod.ts'

const OUTER = '4b8d1f0c6a2e39775dd0b1c8e6f24a9137c05be88f6d2a1493e07bb5c1d6f82e'
const INNER = 'e07bb5c1d6f82e4b8d1f0c6a2e39775dd0b1c8e6f24a9137c05be88f6d2a1493'

function podsNamed(
  ...pods: readonly (readonly [uid: string, name: string, containerId: string])[]
) {
  const names = createPodNames()
  for (const [uid, name, id] of pods) {
    const pod = readPod({
      metadata: { uid, namespace: 'shop', name },
      spec: { containers: [{ name: 'main' }, { name: 'other' }] },
      status: { containerStatuses: [{ name: 'main', containerID: `containerd://${id}` }] },
    })
    if (pod) names.put(pod)
  }
  return names
}

const KIND = `/docker/${OUTER}/kubelet/kubepods/burstable/podinner/${INNER}`
const POD_IN_POD = `/kubepods/podouter/${OUTER}/kubepods/podinner/${INNER}`

test('a pod of kind is known inside, and its node is a container outside', () => {
  const cgroup = parseCgroupPath(KIND)
  const inside = ownerFinder(podsNamed(['inner', 'cart-0', INNER])).find(cgroup)
  expect(inside).toMatchObject({ owner: { pod: 'cart-0', container: 'main' } })
  const outside = ownerFinder(undefined).find(cgroup)
  expect(outside).toEqual({ owner: { container: OUTER.slice(0, 12), containerId: OUTER } })
})

test('a pod in a pod belongs to the outer one, unless only the inner one is of this cluster', () => {
  const cgroup = parseCgroupPath(POD_IN_POD)
  const ofOuter = podsNamed(['outer', 'ci-0', OUTER])
  const ofInner = podsNamed(['inner', 'cart-0', INNER])
  const ofBoth = podsNamed(['inner', 'cart-0', INNER], ['outer', 'ci-0', OUTER])
  const podOf = (names: typeof ofBoth) => ownerFinder(names).find(cgroup).owner.pod
  expect([ofOuter, ofInner, ofBoth].map(podOf)).toEqual(['ci-0', 'cart-0', 'ci-0'])
  expect(ownerFinder(podsNamed()).find(cgroup)).toEqual({
    owner: { container: OUTER.slice(0, 12), containerId: OUTER },
    missing: 'pod_unknown',
  })
})

test('a container of podman that lives in a unit is known by the unit', () => {
  const cgroup = parseCgroupPath(`/system.slice/shop.service/libpod-payload-${OUTER}`)
  expect(ownerFinder(podsNamed()).find(cgroup)).toEqual({
    owner: { container: 'shop.service', containerId: OUTER },
  })
})

test('a container of LXC is known by its name', () => {
  const cgroup = parseCgroupPath('/lxc.payload.web/system.slice/nginx.service')
  expect(ownerFinder(undefined).find(cgroup)).toEqual({ owner: { container: 'web' } })
})

test('what a Kata pod sends from its machine belongs to the pod as a whole', () => {
  const cgroup = parseCgroupPath(`/kubepods/podinner/kata_${OUTER}`)
  const { owner, missing } = ownerFinder(podsNamed(['inner', 'cart-0', INNER])).find(cgroup)
  expect(owner).toMatchObject({ namespace: 'shop', pod: 'cart-0' })
  expect(owner.container).toBeUndefined()
  expect(missing).toBeUndefined()
})

test('ids that no status tells are kept for a while only, and each still has its name', () => {
  const finder = ownerFinder(podsNamed(['inner', 'cart-0', INNER]))
  for (let crash = 0; crash < 1_000; crash += 1) {
    const id = crash.toString(16).padStart(64, '0')
    const { owner, missing } = finder.settle(parseCgroupPath(`/kubepods/podinner/${id}`))
    expect(owner).toMatchObject({ pod: 'cart-0', container: id.slice(0, 12), containerId: id })
    expect(missing).toBe('container_unknown')
  }
})
