import { expect, test } from 'vitest'
import { parseCgroupPath, type CgroupOwner } from './cgroup-path.ts'

const container = (containerId: string) => ({ kind: 'container', containerId }) as const
const inPod = (podUid: string, containerId: string) =>
  ({ kind: 'container', containerId, podUid }) as const
const pod = (podUid: string) => ({ kind: 'pod', podUid }) as const
const machine = (name: string) => ({ kind: 'machine', machine: name }) as const
const unit = (name: string) => ({ kind: 'unit', unit: name }) as const

type Row = readonly [system: string, seen: string, path: string, owner: CgroupOwner]

// Where each path was seen: pasted by people in an issue, recorded by a project, or built so by its code. Ids are left
// as they were, so that they can be found there. Where the source has "…" or a placeholder, an id of another row stands.
const KUBERNETES: readonly Row[] = [
  [
    'containerd, driver systemd, burstable',
    'netdata/netdata#4868',
    '/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod55c6c714_b240_4dec_9a45_57b61696ab6e.slice/cri-containerd-2032491dcae31e6746f47daa0ac74564f2843a1bd847c5e6c4eb501ca132ac36.scope',
    inPod(
      '55c6c714-b240-4dec-9a45-57b61696ab6e',
      '2032491dcae31e6746f47daa0ac74564f2843a1bd847c5e6c4eb501ca132ac36',
    ),
  ],
  [
    'a static pod: a hash as UID',
    'netdata/netdata#4868',
    '/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod8daa50c3a64c9ff60bb9eab7b44b56fd.slice/cri-containerd-2884d57c0e100d7a9a2f9487ce0bc2986bca3430e988af7a4865aff061f51ac5.scope',
    inPod(
      '8daa50c3a64c9ff60bb9eab7b44b56fd',
      '2884d57c0e100d7a9a2f9487ce0bc2986bca3430e988af7a4865aff061f51ac5',
    ),
  ],
  [
    'driver systemd, guaranteed: no level for it',
    'kata-containers/kata-containers#11598',
    '/kubepods.slice/kubepods-poddc430cd3_34b7_4ea6_be26_ddfd88d7ddff.slice/cri-containerd-8564224395a4fbf7f2792baa22ee16dfc8f8e862e20342d3b2bcc211a3939af6.scope',
    inPod(
      'dc430cd3-34b7-4ea6-be26-ddfd88d7ddff',
      '8564224395a4fbf7f2792baa22ee16dfc8f8e862e20342d3b2bcc211a3939af6',
    ),
  ],
  [
    'CRI-O on cgroup v2, driver systemd',
    'sustainable-computing-io/kepler internal/resource/container_test.go',
    '/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod2c9f8a79_5391_454b_88cb_86190881cb96.slice/crio-a09343ca97901516c25036e2b954421254f8c68b384b536064e8999f0c4ed18d.scope',
    inPod(
      '2c9f8a79-5391-454b-88cb-86190881cb96',
      'a09343ca97901516c25036e2b954421254f8c68b384b536064e8999f0c4ed18d',
    ),
  ],
  [
    'CRI-O on a hybrid machine',
    'opencontainers/runc#4620',
    '/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-poda5c1f8d5_1919_434d_add7_4afaafdaef89.slice/crio-5eed917563583925ffdbd40a64efb2aaffe58638e57add8becaf460fe74f5b1c.scope',
    inPod(
      'a5c1f8d5-1919-434d-add7-4afaafdaef89',
      '5eed917563583925ffdbd40a64efb2aaffe58638e57add8becaf460fe74f5b1c',
    ),
  ],
  [
    'Docker, driver systemd',
    'cri-o/cri-o#842',
    '/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod90d81341_92de_11e7_8cf2_507b9d4141fa.slice/docker-2227daf62df6694645fee5df53c1f91271546a9560e8600a525690ae252b7f63.scope',
    inPod(
      '90d81341-92de-11e7-8cf2-507b9d4141fa',
      '2227daf62df6694645fee5df53c1f91271546a9560e8600a525690ae252b7f63',
    ),
  ],
  [
    'Docker, a program that made a cgroup of its own',
    'kontena/pharos-cluster#440',
    '/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod9692aa0e_748e_11e8_8dfa_76d458035df6.slice/docker-abddff03dfd7710c79a750ce3e730365cbb2c8247a974170c1062683bc3e9152.scope/kube-proxy',
    inPod(
      '9692aa0e-748e-11e8-8dfa-76d458035df6',
      'abddff03dfd7710c79a750ce3e730365cbb2c8247a974170c1062683bc3e9152',
    ),
  ],
  [
    'Docker, driver cgroupfs',
    'cri-o/cri-o#842',
    '/kubepods/burstable/pod941dc160-92df-11e7-b27e-507b9d4141fa/2b4d747eae5ed34775c069d913c81833b67a0148e731a36535c9f3b97ebfb87f',
    inPod(
      '941dc160-92df-11e7-b27e-507b9d4141fa',
      '2b4d747eae5ed34775c069d913c81833b67a0148e731a36535c9f3b97ebfb87f',
    ),
  ],
  [
    'containerd, driver cgroupfs, a static pod',
    'containerd/containerd#4857',
    '/kubepods/burstable/pod89f4f2cb511c3b0b7e5272cff5ec37bf/823b5a6d9aaa8da5c0ecda3e7cbcd6729673437965dc600ffcb0a2651960f945',
    inPod(
      '89f4f2cb511c3b0b7e5272cff5ec37bf',
      '823b5a6d9aaa8da5c0ecda3e7cbcd6729673437965dc600ffcb0a2651960f945',
    ),
  ],
  [
    'k3s, driver cgroupfs, best effort',
    'dajudge/kindcontainer#341',
    '/kubepods/besteffort/pod85af8291-287b-44b0-897e-c4e6a9c8512b/19e5ed27c5ab22ca59b11ebe481145f03325b330ab94dc2b55b7cec3c5cc35dd',
    inPod(
      '85af8291-287b-44b0-897e-c4e6a9c8512b',
      '19e5ed27c5ab22ca59b11ebe481145f03325b330ab94dc2b55b7cec3c5cc35dd',
    ),
  ],
  [
    'driver cgroupfs, guaranteed',
    'kata-containers/kata-containers#5551',
    '/kubepods/podd632e6cc-efc2-4bc4-ac70-2229bed9c9e6/d5e007ef27199f6b3463c7804ee6d821a287b5d03db8a88cd4bcdd0a42bc7f11',
    inPod(
      'd632e6cc-efc2-4bc4-ac70-2229bed9c9e6',
      'd5e007ef27199f6b3463c7804ee6d821a287b5d03db8a88cd4bcdd0a42bc7f11',
    ),
  ],
  [
    'the kubelet with systemd, containerd without',
    'kubernetes/kubernetes#106514',
    '/system.slice/containerd.service/kubepods-burstable-pod36b6d6be73b1065af369b3985edafa09.slice:cri-containerd:79fedb3bd23ca77c9d9ccb41909038316f713df22b54b7d942b71d3812e7c74e',
    inPod(
      '36b6d6be73b1065af369b3985edafa09',
      '79fedb3bd23ca77c9d9ccb41909038316f713df22b54b7d942b71d3812e7c74e',
    ),
  ],
  [
    'the pod’s own cgroup (gVisor tried to live there)',
    'google/gvisor#8269',
    '/kubepods/besteffort/pod88bcf96e-7b92-4ce5-a3c0-2a6d098a1c33',
    pod('88bcf96e-7b92-4ce5-a3c0-2a6d098a1c33'),
  ],
  [
    'Kata: one machine for the whole pod',
    'kata-containers/kata-containers#5551',
    '/kubepods/podd632e6cc-efc2-4bc4-ac70-2229bed9c9e6/kata_2067d4217f8b857871b447e4cc7fc501d4c64fba1a6cb02df822ed9fce4f560c',
    pod('d632e6cc-efc2-4bc4-ac70-2229bed9c9e6'),
  ],
  [
    'Kata, what runs beside the machine',
    'kata-containers/kata-containers#11598',
    '/kata_overhead/8564224395a4fbf7f2792baa22ee16dfc8f8e862e20342d3b2bcc211a3939af6',
    container('8564224395a4fbf7f2792baa22ee16dfc8f8e862e20342d3b2bcc211a3939af6'),
  ],
]

const NESTED: readonly Row[] = [
  [
    'kind, seen from inside its node',
    'sustainable-computing-io/kepler internal/resource/container_test.go',
    '/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod3cae2e45_052c_4b11_80d3_4d7b2d2d3464.slice/cri-containerd-2b180104511194aab36fd295d3e217439f3ddb5bc88277f37b4952abee85c40e.scope',
    inPod(
      '3cae2e45-052c-4b11-80d3-4d7b2d2d3464',
      '2b180104511194aab36fd295d3e217439f3ddb5bc88277f37b4952abee85c40e',
    ),
  ],
  [
    'kind before 0.20, seen from inside its node',
    'spiffe/spire#2578',
    '/kubelet/kubepods/besteffort/poddfd874dc-ab52-4793-af47-d06b78b68337/a3804295d867b752119eab99a9e6364fdf7fe6a4be5af0b11f9915fa7b64ff95',
    inPod(
      'dfd874dc-ab52-4793-af47-d06b78b68337',
      'a3804295d867b752119eab99a9e6364fdf7fe6a4be5af0b11f9915fa7b64ff95',
    ),
  ],
  [
    'kind, seen from the machine',
    'sustainable-computing-io/kepler internal/resource/container_test.go',
    '/system.slice/docker-fd9d0ea06257a9780827cbc7fd92e3812a54fca26d63e191b73610d5d48b9cbd.scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-podeab5a334_93fe_48a8_b139_9e8079c1f163.slice/cri-containerd-99f3a16ea25b7724cb56a4f0c0df1113ad9474fbf5545bead97fd5c7f61c13f4.scope',
    {
      ...container('fd9d0ea06257a9780827cbc7fd92e3812a54fca26d63e191b73610d5d48b9cbd'),
      inside: inPod(
        'eab5a334-93fe-48a8-b139-9e8079c1f163',
        '99f3a16ea25b7724cb56a4f0c0df1113ad9474fbf5545bead97fd5c7f61c13f4',
      ),
    },
  ],
  [
    'minikube with CRI-O in a container of Docker, seen from the machine',
    'kubernetes/minikube#11280',
    '/docker/d6701ec289c56e4391acb11d07474b3139466857a305490575508a8b7a9fcf22/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-podae7a96fb_2bdc_46b0_96e2_78e4af94847b.slice/crio-89e8f450417b56acf3089925dfd8f050dd50e950e18cfe83ea923269df601102.scope',
    {
      ...container('d6701ec289c56e4391acb11d07474b3139466857a305490575508a8b7a9fcf22'),
      inside: inPod(
        'ae7a96fb-2bdc-46b0-96e2-78e4af94847b',
        '89e8f450417b56acf3089925dfd8f050dd50e950e18cfe83ea923269df601102',
      ),
    },
  ],
  [
    'Docker in a pod, delegated as its own script does it',
    'moby/moby#45378, hack/dind',
    '/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod79227834_afc5_4f67_bf05_594a0d4d36bb.slice/crio-b8733da86dee2260690fa0405587ed3beb9d3dca01f39297008529b4a8654743.scope/docker/9207737cd20ff309d023da579d810f84ffb7d9bcdebb4b527ba26d14160f1bf8',
    inPod(
      '79227834-afc5-4f67-bf05-594a0d4d36bb',
      'b8733da86dee2260690fa0405587ed3beb9d3dca01f39297008529b4a8654743',
    ),
  ],
  [
    'Docker in a pod that sees the cgroups of the node: its containers stand beside the pods',
    'moby/moby#45378',
    '/docker/9207737cd20ff309d023da579d810f84ffb7d9bcdebb4b527ba26d14160f1bf8',
    container('9207737cd20ff309d023da579d810f84ffb7d9bcdebb4b527ba26d14160f1bf8'),
  ],
  [
    'Kubernetes in a pod: both pods are told, the outer one first',
    'siderolabs/talos#6071 (Talos in a pod on Talos)',
    '/kubepods/burstable/pod7165a37d-fa49-4f53-b8f1-5793f523e617/3efbb69a2b2495cb8447322f0e61d0f0bcb6c37353195263fb6ff3f844a83b2c/kubepods/besteffort/podf36b2c17-2751-4e05-9220-848567282f45/134cdcf611f1806e450a01021ab65322cb5fa0c65a7483d0683a80c4a899d124',
    {
      ...inPod(
        '7165a37d-fa49-4f53-b8f1-5793f523e617',
        '3efbb69a2b2495cb8447322f0e61d0f0bcb6c37353195263fb6ff3f844a83b2c',
      ),
      inside: inPod(
        'f36b2c17-2751-4e05-9220-848567282f45',
        '134cdcf611f1806e450a01021ab65322cb5fa0c65a7483d0683a80c4a899d124',
      ),
    },
  ],
  [
    'a system container of Sysbox',
    'nestybox/sysbox, SyscontCgroupRoot',
    '/docker/3726184226f5d3147c25fdeab5b60097e378e8a720503a5e19ecfdf29f869860/syscont-cgroup-root/system.slice/docker.service',
    container('3726184226f5d3147c25fdeab5b60097e378e8a720503a5e19ecfdf29f869860'),
  ],
]

const ALONE: readonly Row[] = [
  [
    'Docker, driver cgroupfs',
    'open-telemetry/opentelemetry-java-instrumentation ContainerInfoTest.groovy',
    '/docker/3726184226f5d3147c25fdeab5b60097e378e8a720503a5e19ecfdf29f869860',
    container('3726184226f5d3147c25fdeab5b60097e378e8a720503a5e19ecfdf29f869860'),
  ],
  [
    'Docker, driver systemd',
    'neuvector/neuvector share/system/cgroup_test.go',
    '/system.slice/docker-9ec39b91f3d70e1beff50a308f77067065ea6be0d91a3378375056cd4422cf3d.scope',
    container('9ec39b91f3d70e1beff50a308f77067065ea6be0d91a3378375056cd4422cf3d'),
  ],
  [
    'Docker of a user',
    'chainguard-dev/osquery-defense-kit',
    '/user.slice/user-1000.slice/user@1000.service/user.slice/docker-0d87b50f14a904e7129eba1dd65ec83488d4e74b9349fc01dbdf808c7f532f03.scope',
    container('0d87b50f14a904e7129eba1dd65ec83488d4e74b9349fc01dbdf808c7f532f03'),
  ],
  [
    'Docker of Amazon ECS on cgroup v2',
    'aws/amazon-ecs-agent#3127',
    '/ecstasks.slice/ecstasks-3f1c0d2e4b5a69788796a5b4c3d2e1f0.slice/docker-9ec39b91f3d70e1beff50a308f77067065ea6be0d91a3378375056cd4422cf3d.scope',
    container('9ec39b91f3d70e1beff50a308f77067065ea6be0d91a3378375056cd4422cf3d'),
  ],
  [
    'podman of root',
    'sustainable-computing-io/kepler internal/resource/container_test.go',
    '/machine.slice/libpod-06dc5f321aad8726aa26559f16ec203bc099245bc44894b14a89fc02b022d1d5.scope/container',
    container('06dc5f321aad8726aa26559f16ec203bc099245bc44894b14a89fc02b022d1d5'),
  ],
  [
    'podman of a user',
    'sustainable-computing-io/kepler internal/resource/container_test.go',
    '/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-3f05ee050f82c0145f1d88c94269c39dff0f07dbf8bba20aafd54b3a75dcaecc.scope/container',
    container('3f05ee050f82c0145f1d88c94269c39dff0f07dbf8bba20aafd54b3a75dcaecc'),
  ],
  [
    'podman in a unit (Quadlet): the unit has the name that lasts',
    'sustainable-computing-io/kepler internal/resource/container_test.go',
    '/system.slice/kepler.service/libpod-payload-8e363eb2287da4ccc9f52ffc5de11252ac5fe707e3ddb917a3c0bdf9bb64165b',
    {
      ...container('8e363eb2287da4ccc9f52ffc5de11252ac5fe707e3ddb917a3c0bdf9bb64165b'),
      unit: 'kepler.service',
    },
  ],
  [
    'podman without systemd',
    'podman-container-tools/podman#10989',
    '/libpod_parent/libpod-9ce45faf7719310972823ceeb3afaa4bc6c5b86fe1d59da60946fc12f42541ca',
    container('9ce45faf7719310972823ceeb3afaa4bc6c5b86fe1d59da60946fc12f42541ca'),
  ],
  [
    'runc without systemd below a slice',
    'opencontainers/runc, a cgroupsPath of slice:prefix:name with the driver cgroupfs',
    '/system.slice/docker.service/system.slice:docker:2227daf62df6694645fee5df53c1f91271546a9560e8600a525690ae252b7f63',
    container('2227daf62df6694645fee5df53c1f91271546a9560e8600a525690ae252b7f63'),
  ],
  [
    'containerd by hand (ctr run): namespace and name',
    'containerd/containerd oci/spec.go',
    '/default/redis',
    unit('default/redis'),
  ],
  ['LXC', 'lxc/lxc#4312', '/lxc.payload.busybox', machine('busybox')],
  ['LXC, its monitor', 'lxc/lxc#4312', '/lxc.monitor.busybox', machine('busybox')],
  [
    'LXC 3.1',
    'lxc/lxc#2782, netdata/netdata#7760',
    '/lxc.payload/web/system.slice/nginx.service',
    machine('web'),
  ],
  [
    'Incus, a container of a user’s project',
    'lxc/incus, a project prefixes its containers',
    '/lxc.payload.user-1000_alpine-container/.lxc',
    machine('user-1000_alpine-container'),
  ],
  [
    'Proxmox VE 8, a service in a container',
    'the cgroup of a guest’s process on Proxmox VE',
    '/lxc/116/ns/system.slice/minio.service',
    machine('116'),
  ],
  [
    'systemd-nspawn from a shell',
    'systemd/systemd#18104',
    '/machine.slice/machine-alpine.scope/payload/system.slice/nginx.service',
    machine('alpine'),
  ],
  [
    'systemd-nspawn as a service',
    'systemd/systemd units/systemd-nspawn@.service.in',
    String.raw`/machine.slice/systemd-nspawn@my\x2dweb.service/payload/init.scope`,
    machine('my-web'),
  ],
  [
    'a virtual machine of libvirt, started for the first time',
    'libvirt, virSystemdMakeScopeName',
    String.raw`/machine.slice/machine-qemu\x2d1\x2ddebian12\x2d1.scope/libvirt/emulator`,
    machine('debian12-1'),
  ],
]

const THE_MACHINE: readonly Row[] = [
  ['the root of the hierarchy', 'any', '/', { kind: 'root' }],
  ['the first process', 'systemd/systemd#38158', '/init.scope', unit('init.scope')],
  [
    'a service that divides its cgroup',
    'systemd/systemd#38158',
    '/system.slice/systemd-udevd.service/udev',
    unit('systemd-udevd.service'),
  ],
  [
    'an instance of a template',
    'postgresql-common on Debian',
    '/system.slice/system-postgresql.slice/postgresql@15-main.service',
    unit('postgresql@15-main.service'),
  ],
  [
    'a template with an instance per connection',
    'systemd/systemd src/core/socket.c',
    '/system.slice/system-sshd.slice/sshd@56-192.0.2.5:22-198.51.100.9:50101.service',
    unit('sshd@.service'),
  ],
  [
    'the same for IPv6',
    'systemd/systemd src/core/socket.c',
    '/system.slice/system-sshd.slice/sshd@7-2001:db8::1:22-2001:db8::2:40022.service',
    unit('sshd@.service'),
  ],
  [
    'an instance per local connection',
    'systemd/systemd src/core/socket.c',
    '/system.slice/system-report.slice/report@4-1716_2231-1000.service',
    unit('report@.service'),
  ],
  [
    'the kubelet of MicroK8s',
    'canonical/microk8s#1418',
    '/system.slice/snap.microk8s.daemon-kubelet.service',
    unit('snap.microk8s.daemon-kubelet.service'),
  ],
  [
    'containerd on Bottlerocket',
    'bottlerocket-os/bottlerocket#3804',
    '/runtime.slice/containerd.service',
    unit('containerd.service'),
  ],
  [
    'the kubelet on Talos',
    'siderolabs/talos#4602',
    '/podruntime/kubelet',
    unit('podruntime/kubelet'),
  ],
  [
    'containerd on Talos',
    'siderolabs/talos#4602',
    '/podruntime/runtime',
    unit('podruntime/runtime'),
  ],
  ['the API on Talos', 'siderolabs/talos#4602', '/system/apid', unit('system/apid')],
  ['OpenRC', 'OpenRC sh/rc-cgroup.sh', '/openrc.sshd', unit('openrc.sshd')],
  [
    'what systemd-run made',
    'systemd/systemd src/run/run.c',
    '/system.slice/run-r42e6ac3d03ec49989f380cd3116efdeb.scope',
    unit('run.scope'),
  ],
  [
    'what systemd-run made since 254',
    'systemd/systemd src/run/run.c',
    '/system.slice/run-p4711-i4712.service',
    unit('run.service'),
  ],
  [
    'a scope named after a process',
    'podman-container-tools/podman#20910',
    '/machine.slice/podman-239302.scope',
    unit('podman.scope'),
  ],
  [
    'a job of Slurm',
    'SchedMD/slurm src/plugins/cgroup/v2',
    '/system.slice/slurmstepd.scope/job_123/step_0/user/task_0',
    unit('slurmstepd.scope'),
  ],
  ['a folder per process', 'google/nsjail cgroup2.cc', '/nsjail/NSJAIL.4711', unit('nsjail')],
  [
    'a login',
    'podman-container-tools/podman#14851',
    '/user.slice/user-1000.slice/session-3.scope',
    unit('user.slice'),
  ],
  [
    'what a user runs',
    'systemd/systemd#15367',
    '/user.slice/user-1000.slice/user@1000.service/run-r42e6ac3d03ec49989f380cd3116efdeb.scope',
    unit('user.slice'),
  ],
  [
    'a program of a desktop',
    'podman-container-tools/podman#20910',
    '/user.slice/user-10000.slice/user@10000.service/app.slice/app-org.gnome.Terminal.slice/vte-spawn-f22f14d2-3d44-4304-9879-3fdd0df7b08e.scope',
    unit('user.slice'),
  ],
]

test.each(KUBERNETES)('Kubernetes: %s (%s)', (_system, _seen, path, owner) => {
  expect(parseCgroupPath(path)).toEqual(owner)
})

test.each(NESTED)('nested: %s (%s)', (_system, _seen, path, owner) => {
  expect(parseCgroupPath(path)).toEqual(owner)
})

test.each(ALONE)('without Kubernetes: %s (%s)', (_system, _seen, path, owner) => {
  expect(parseCgroupPath(path)).toEqual(owner)
})

test.each(THE_MACHINE)('the machine itself: %s (%s)', (_system, _seen, path, owner) => {
  expect(parseCgroupPath(path)).toEqual(owner)
})

test('a static pod whose file gives it a UID of its own is known by it', () => {
  const id = '2884d57c0e100d7a9a2f9487ce0bc2986bca3430e988af7a4865aff061f51ac5'
  const slice = `/kubepods.slice/kubepods-podkube_vip.slice/cri-containerd-${id}.scope`
  expect(parseCgroupPath(slice)).toEqual(inPod('kube-vip', id))
  expect(parseCgroupPath(`/kubepods/podkube-vip/${id}`)).toEqual(inPod('kube-vip', id))
})
