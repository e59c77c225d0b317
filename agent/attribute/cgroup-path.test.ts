import { expect, test } from 'vitest'
import { parseCgroupPath } from './cgroup-path.ts'

const ID = '4b8d1f0c6a2e39775dd0b1c8e6f24a9137c05be88f6d2a1493e07bb5c1d6f82e'
const INNER = 'e07bb5c1d6f82e4b8d1f0c6a2e39775dd0b1c8e6f24a9137c05be88f6d2a1493'
const UID = '1f2e3d4c-5b6a-4789-8abc-def012345678'
const SYSTEMD_UID = UID.replaceAll('-', '_')
const HASH = '0a1b2c3d4e5f60718293a4b5c6d7e8f9'

const inPod = { kind: 'container', podUid: UID, containerId: ID }
const alone = { kind: 'container', containerId: ID }
const unit = (name: string) => ({ kind: 'unit', unit: name })

test.each([
  ['the root of the hierarchy', '/', { kind: 'root' }],
  // Kubernetes, cgroupfs driver
  ['containerd, burstable', `/kubepods/burstable/pod${UID}/${ID}`, inPod],
  ['containerd, best effort', `/kubepods/besteffort/pod${UID}/${ID}`, inPod],
  ['containerd, guaranteed: no level for it', `/kubepods/pod${UID}/${ID}`, inPod],
  ['CRI-O', `/kubepods/burstable/pod${UID}/crio-${ID}`, inPod],
  ['the pod itself', `/kubepods/burstable/pod${UID}`, { kind: 'pod', podUid: UID }],
  [
    'a static pod of kubeadm',
    `/kubepods/burstable/pod${HASH}/${ID}`,
    { kind: 'container', podUid: HASH, containerId: ID },
  ],
  // Kubernetes, systemd driver
  [
    'containerd on Ubuntu (kubeadm, EKS, GKE)',
    `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${SYSTEMD_UID}.slice/cri-containerd-${ID}.scope`,
    inPod,
  ],
  [
    'guaranteed',
    `/kubepods.slice/kubepods-pod${SYSTEMD_UID}.slice/cri-containerd-${ID}.scope`,
    inPod,
  ],
  [
    'CRI-O on OpenShift, with the folder that crun adds',
    `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${SYSTEMD_UID}.slice/crio-${ID}.scope/container`,
    inPod,
  ],
  [
    'cri-dockerd',
    `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${SYSTEMD_UID}.slice/docker-${ID}.scope`,
    inPod,
  ],
  [
    'kubelet with systemd, containerd without',
    `/system.slice/containerd.service/kubepods-burstable-pod${SYSTEMD_UID}.slice:cri-containerd:${ID}`,
    inPod,
  ],
  // Kubernetes inside containers
  [
    'kind, seen from inside its node',
    `/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod${SYSTEMD_UID}.slice/cri-containerd-${ID}.scope`,
    inPod,
  ],
  [
    'kind, seen from the machine',
    `/docker/${INNER}/kubelet/kubepods/burstable/pod${UID}/${ID}`,
    inPod,
  ],
  [
    'docker in a pod: the pod’s container owns it',
    `/kubepods/burstable/pod${UID}/${ID}/docker/${INNER}`,
    inPod,
  ],
  ['systemd in a pod', `/kubepods/burstable/pod${UID}/${ID}/system.slice/nginx.service`, inPod],
  // containers without Kubernetes
  ['docker, cgroupfs', `/docker/${ID}`, alone],
  ['docker, systemd', `/system.slice/docker-${ID}.scope`, alone],
  ['podman as root', `/machine.slice/libpod-${ID}.scope/container`, alone],
  [
    'podman without root',
    `/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope/container`,
    alone,
  ],
  ['podman from a systemd unit', `/system.slice/shop.service/libpod-payload-${ID}`, alone],
  ['nerdctl', `/system.slice/nerdctl-${ID}.scope`, alone],
  ['Amazon ECS', `/ecs/3f1c0d2e4b5a69788796a5b4c3d2e1f0/${ID}`, alone],
  // the machine itself
  ['a service', '/system.slice/ssh.service', unit('ssh.service')],
  [
    'an instance of a template',
    '/system.slice/system-postgresql.slice/postgresql@15-main.service',
    unit('postgresql@15-main.service'),
  ],
  [
    'a service that divides its cgroup',
    '/system.slice/containerd.service/runtime',
    unit('containerd.service'),
  ],
  [
    'systemd-nspawn',
    '/machine.slice/systemd-nspawn@web.service/payload/init.scope',
    unit('systemd-nspawn@web.service'),
  ],
  ['the first process', '/init.scope', unit('init.scope')],
  [
    'a virtual machine of libvirt',
    '/machine.slice/machine-qemu\\x2d1\\x2dweb.scope/libvirt/emulator',
    unit('machine-qemu\\x2d1\\x2dweb.scope'),
  ],
  ['a login', '/user.slice/user-1000.slice/session-31.scope', unit('user.slice')],
  [
    'a program of a desktop',
    '/user.slice/user-1000.slice/user@1000.service/app.slice/app-browser-4711.scope',
    unit('user.slice'),
  ],
  ['kubelet on Talos', '/podruntime/kubelet', unit('kubelet')],
  ['OpenRC', '/openrc.sshd', unit('openrc.sshd')],
  ['LXC', '/lxc.payload.web', unit('lxc.payload.web')],
])('%s', (_system, path, owner) => {
  expect(parseCgroupPath(path)).toEqual(owner)
})
