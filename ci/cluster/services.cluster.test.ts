import { beforeAll, expect, test, vi } from 'vitest'
import { run } from '../image/run.ts'
import { addresses } from './addresses.ts'
import { untilAgreed } from './agreement.ts'
import { create, createPod, podAddress, podOf, untilDone } from './example/pod.ts'
import { createNamespace } from './namespace.ts'
import { whileRewritten } from './rewrite.ts'
import { kubectl, promql } from './running.ts'

/**
 * What a client's series shows is what its socket knows: the address and port that it connected to, unless
 * they are rewritten at the socket. kube-proxy rewrites packets, below the socket, so its clients show the
 * Service. The series of the pod that answers shows the client, by its own address and port.
 */
const service = { address: '203.0.113.12', port: 80 }
/** No Service of Kubernetes: without the rewriting, nobody answers here. */
const rewritten = { address: '203.0.113.13', port: 80 }
const hits = 40

beforeAll(async () => {
  await createNamespace(kubectl, 'services')
  const backend = podOf({ pages: ['serve', '0.0.0.0:7000'] })
  await create(
    { apiVersion: 'v1', kind: 'Service', metadata: named('front'), spec: serviceOf('front') },
    ...['front-a', 'front-b'].map(name => podObject(name, backend)),
  )
  for (const name of ['front-a', 'front-b'])
    await untilServed(`${await podAddress('services', name)}:7000`)
})

test.for([
  ['on the pod network', 'guest', {}],
  ['on the network of its node', 'local', { hostNetwork: true }],
] as const)(
  'a client %s shows the Service; the pods that answer show the client',
  async ([, name, network]) => {
    const args = ['call', `${service.address}:80,connections=${hits},send=1009,receive=5003`]
    await createPod('services', name, { ...podOf({ client: args }), ...network })
    await untilDone('services', [`${name}/client`])
    await untilAgreed('services')

    expect(await promql(ends(`k8s_pod="${name}"`))).toEqual([
      end(name, service.address, '80', 'client', hits * 1009),
    ])
    // Which pods answered is found from their side: by the address of the client.
    const client = await podAddress('services', name)
    const answered = await promql(ends(`role="server",destination_ip="${client}"`, 'receive'))
    expect(answered.map(({ labels }) => labels)).toEqual(
      expect.arrayContaining(
        ['front-a', 'front-b'].map(pod => end(pod, client, '7000', 'server', 0).labels),
      ),
    )
    expect(answered.reduce((sum, { value }) => sum + value, 0)).toBe(hits * 1009)
  },
)

test('a pod that calls itself through its Service hears from its node, whose address kube-proxy puts in', async () => {
  const itself = { ...serviceOf('mirror'), clusterIP: '203.0.113.15' }
  const call = ['call', `${itself.clusterIP}:80,connections=5,send=3001,receive=4001`]
  await create(
    { apiVersion: 'v1', kind: 'Service', metadata: named('mirror'), spec: itself },
    podObject('mirror', podOf({ pages: ['serve', '0.0.0.0:7000'], client: call })),
  )
  await untilDone('services', ['mirror/client'])
  await untilAgreed('services')
  const ofMirror = await promql(ends('k8s_pod="mirror"', 'receive'))
  expect(ofMirror).toHaveLength(2)
  expect(ofMirror).toEqual(
    expect.arrayContaining([
      end('mirror', itself.clusterIP, '80', 'client', 5 * 4001),
      end('mirror', addresses.node, '7000', 'server', 5 * 3001),
    ]),
  )
})

test('where a connection is rewritten at the socket, the client shows the pod that answers', async () => {
  const pod = { address: await podAddress('services', 'front-a'), port: 7000 }
  const args = ['call', `${rewritten.address}:80,connections=3,send=2003,receive=7001`]
  await whileRewritten({ service: rewritten, pod }, async () => {
    await createPod('services', 'balanced', podOf({ client: args }))
    await untilDone('services', ['balanced/client'])
  })
  await untilAgreed('services')
  expect(await promql(ends('k8s_pod="balanced"'))).toEqual([
    end('balanced', pod.address, '7000', 'client', 3 * 2003),
  ])
})

/** Waits until kube-proxy sends to a pod, which must be ready for that: clients here are done in a moment. */
async function untilServed(target: string): Promise<void> {
  await vi.waitFor(
    async () => {
      const rules = await run('iptables', ['--wait', '-t', 'nat', '-S'])
      expect(rules.split('\n')).toContainEqual(
        expect.stringMatching(` --to-destination ${target}$`),
      )
    },
    { timeout: 60_000, interval: 500 },
  )
}

const labels = ['k8s_pod', 'destination_ip', 'destination_port', 'role'] as const

function ends(matchers: string, way = 'transmit'): string {
  const all = `podatlas_${way}_bytes_total{k8s_namespace="services",protocol="tcp",${matchers}}`
  return `sum by (${labels.join(', ')}) (${all})`
}

function end(...[pod, address, port, role, value]: [string, string, string, string, number]) {
  return { labels: { k8s_pod: pod, destination_ip: address, destination_port: port, role }, value }
}

function named(name: string) {
  return { name, namespace: 'services', labels: { app: name.replace(/-.$/, '') } }
}

function podObject(name: string, spec: object) {
  return { apiVersion: 'v1', kind: 'Pod', metadata: named(name), spec }
}

function serviceOf(app: string) {
  const ports = [{ port: service.port, targetPort: 7000 }]
  return { clusterIP: service.address, selector: { app }, ports }
}
