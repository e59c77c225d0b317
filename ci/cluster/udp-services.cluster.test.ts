import { beforeAll, expect, test, vi } from 'vitest'
import { untilAgreed } from './agreement.ts'
import { podCounts } from './example/counts.ts'
import { create, createPod, podAddress, podOf, untilDone } from './example/pod.ts'
import { createNamespace } from './namespace.ts'
import { kubectl, promql } from './running.ts'
import { udpMode } from './udp-mode.ts'

const namespace = 'udp-services'
const labels = { app: 'echo' }
const service = { destination_ip: '203.0.113.14', destination_port: '53' }
const ask = ['ask', `${service.destination_ip}:53,datagrams=30,send=301`]
const patience = { timeout: 60_000, interval: 500 }

beforeAll(async () => {
  await createNamespace(kubectl, namespace)
  const ports = [{ protocol: 'UDP', port: 53, targetPort: 7000 }]
  const spec = { clusterIP: service.destination_ip, selector: labels, ports }
  const metadata = { name: 'echo', namespace, labels }
  await create(
    { apiVersion: 'v1', kind: 'Service', metadata, spec },
    { apiVersion: 'v1', kind: 'Pod', metadata, spec: podOf({ server: ['echo', '0.0.0.0:7000'] }) },
  )
  await kubectl(['-n', namespace, 'wait', '--for=condition=Ready', 'pod/echo', '--timeout=60s'])
})

test('a UDP client on the pod network shows the Service, both ways', async () => {
  await createPod(namespace, 'guest', podOf({ client: ask }))
  await untilDone(namespace, ['guest/client'])
  await untilAgreed(namespace)
  const { sent, received } = await asked('guest')
  expect(await ends('transmit', 'guest')).toEqual([{ labels: service, value: sent }])
  expect(await ends('receive', 'guest')).toEqual([{ labels: service, value: received }])
})

/**
 * There kube-proxy rewrites what is sent before a program on a cgroup sees it, and rewrites what is
 * received back before. A program at the kernel's UDP functions (mode fentry) sees neither.
 */
test('a UDP client on the network of its node, counted by cgroup, sends to the pod and hears from the Service', async () => {
  await createPod(namespace, 'local', { ...podOf({ client: ask }), hostNetwork: true })
  await untilDone(namespace, ['local/client'])
  const address = await podAddress(namespace, 'echo')
  const pod = { destination_ip: address, destination_port: '7000' }
  const sentTo = (await udpMode()) === 'cgroup' ? pod : service
  await vi.waitFor(async () => {
    const { sent, received } = await asked('local')
    expect(await ends('transmit', 'local')).toEqual([{ labels: sentTo, value: sent }])
    expect(await ends('receive', 'local')).toEqual([{ labels: service, value: received }])
  }, patience)
})

/** What a client counted itself: it asks once more what kube-proxy was not ready to pass on. */
async function asked(pod: string) {
  const counts = (await podCounts(namespace)).get(`${pod}/client`)?.remotes
  const { datagramsSent = 0, datagramsReceived = 0 } = counts?.[service.destination_ip] ?? {}
  expect(datagramsReceived).toBeGreaterThanOrEqual(30)
  return { sent: datagramsSent, received: datagramsReceived }
}

/** The datagrams of a client by remote end. */
async function ends(way: string, pod: string) {
  const ofPod = `podatlas_${way}_datagrams_total{k8s_namespace="${namespace}",k8s_pod="${pod}"}`
  return await promql(`sum by (destination_ip, destination_port) (${ofPod}) > 0`)
}
