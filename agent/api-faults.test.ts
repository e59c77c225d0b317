import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startAgentParts, type AgentParts } from './test/agent-parts.ts'
import { fakeApiServer, type ApiRequest, type FakeApiServer } from './test/fake-api-server.ts'
import { simulateTime } from './test/simulated-time.ts'

// What the agent does while its API server has bad days: it counts on, it says so once a minute, and it
// comes back by itself. Each time all parts run as in an agent, on a clock that runs faster.

const HOUR_MS = 3_600_000
const ADDRESS = 0xc0_00_02_07
const ID = '4b8d1f0c6a2e39775dd0b1c8e6f24a9137c05be88f6d2a1493e07bb5c1d6f82e'
const OTHER_ID = ID.replaceAll('4', '5')

function pod(uid: string, name: string, changed: object = {}) {
  return {
    metadata: { uid, namespace: 'shop', name, resourceVersion: '7' },
    spec: { nodeName: 'node-1', containers: [{ name: 'server', image: 'shop:1' }] },
    status: { containerStatuses: [{ name: 'server', containerID: `containerd://${ID}` }] },
    ...changed,
  }
}

/** A server that is well: it lists these pods, and its watches stay open and silent. */
function answerWith(...pods: readonly unknown[]) {
  return ({ query, response }: ApiRequest) => {
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
    if (query.has('watch')) return
    response.end(
      JSON.stringify({ kind: 'PodList', metadata: { resourceVersion: '10' }, items: pods }),
    )
  }
}

function refuseWith(status: number, message: string, headers = {}) {
  return ({ response }: ApiRequest) => {
    const body = { kind: 'Status', status: 'Failure', message, code: status }
    response.writeHead(status, headers).end(JSON.stringify(body))
  }
}

/** Counts a flow in each of so many drains. */
async function countOn(agent: AgentParts, cgroupId: number, drains: number): Promise<void> {
  for (let drain = 0; drain < drains; drain++) {
    agent.count({ cgroupId, address: ADDRESS, bytesSent: 1_000, bytesReceived: 10 })
    await agent.ticks(0)
  }
}

async function until(isDone: () => boolean, what: () => string): Promise<void> {
  for (let tries = 0; !isDone(); tries++) {
    if (tries > 2_000) throw new Error(`it did not come to that: ${what()}`)
    await sleep(5)
  }
}

/** When a matter was told, ms since the epoch. */
function toldMs(log: readonly string[], matter: RegExp): number[] {
  return log
    .filter(line => matter.test(line))
    .map(line => Date.parse(line.slice(0, '2026-01-01T00:00:00.000Z'.length)))
}

const again = refuseWith(410, 'too old resource version')
type Fault = {
  readonly reason: string
  readonly line: RegExp
  readonly answer?: (request: ApiRequest) => void
}
/** Each watch is refused, so that a list must follow; and then this. */
const toList = (answer: Fault['answer']) => (request: ApiRequest) =>
  request.query.has('watch') ? again(request) : answer?.(request)
const forbidden = (verb: string) =>
  refuseWith(403, `pods is forbidden: User "agent" cannot ${verb} resource "pods"`)

const faults: readonly (readonly [string, Fault])[] = [
  [
    'is gone',
    { reason: 'unreachable', line: /cannot watch the pods of this node: .*ECONNREFUSED/ },
  ],
  [
    'forbids to list pods',
    {
      reason: 'forbidden_list_pods',
      line: /cannot list the pods of this node: 403 .*; grant the verb list on the resource pods/,
      answer: toList(forbidden('list')),
    },
  ],
  [
    'forbids to watch pods',
    {
      reason: 'forbidden_watch_pods',
      line: /cannot watch the pods of this node: 403 .*; grant the verb watch on the resource pods/,
      answer: forbidden('watch'),
    },
  ],
  [
    'asks for patience',
    {
      reason: 'status_429',
      line: /cannot watch the pods of this node: 429 too many requests/,
      answer: refuseWith(429, 'too many requests', { 'retry-after': '5' }),
    },
  ],
  [
    'fails',
    {
      reason: 'status_500',
      line: /cannot watch the pods of this node: 500 etcd is away/,
      answer: refuseWith(500, 'etcd is away'),
    },
  ],
  [
    'sends half of each list',
    {
      reason: 'bad_answer',
      line: /cannot list the pods of this node: the list of pods was cut off/,
      answer: toList(({ response }) => {
        const whole = JSON.stringify({
          metadata: { resourceVersion: '10' },
          items: [pod('a', 'cart-0')],
        })
        response.end(whole.slice(0, whole.length / 2))
      }),
    },
  ],
  [
    'sends half an object in each watch',
    {
      reason: 'unreachable',
      line: /cannot watch the pods of this node: aborted/,
      answer: ({ response }) => {
        response.write('{"type":"ADDED","object":{"metadata":{"na')
        setTimeout(() => response.destroy(), 1)
      },
    },
  ],
  [
    'is a proxy’s page',
    {
      reason: 'bad_answer',
      line: /cannot (list|watch) the pods of this node: .*(<html>|cut off)/,
      answer: ({ response }) => void response.end('<html>\n<h1>Sign in</h1>\n'),
    },
  ],
]

test.each(faults)(
  'an API server that %s, for an hour: no byte is lost, one line a minute says why, and names come back by themselves',
  async (_what, { reason, line, answer }) => {
    using time = simulateTime()
    await using server = await fakeApiServer()
    server.answerAll(answerWith(pod('a', 'cart-0')))
    await using agent = startAgentParts(server.address, time)
    const sentBy = (name: string) =>
      agent.value('podatlas_transmit_bytes_total', { k8s_pod: name, container_name: 'server' })
    const cart = agent.container('a', ID)
    agent.count({ cgroupId: cart, address: ADDRESS, bytesSent: 500, bytesReceived: 5 })
    await until(
      () => sentBy('cart-0') === 500,
      () => agent.log.join(''),
    )

    const beganMs = Date.now()
    await fail(server, answer)
    // A pod that starts meanwhile has no name yet, and its bytes count all the same.
    const young = agent.container('b', OTHER_ID)
    let drains = 0
    for (; Date.now() < beganMs + HOUR_MS; drains++) {
      await countOn(agent, cart, 1)
      await countOn(agent, young, 1)
    }
    await agent.ticks(1)
    expect(sentBy('cart-0'), 'what has a name keeps it').toBe(500 + drains * 1_000)
    const failures = agent.value('podatlas_agent_pod_watch_failures_total', { reason })
    expect(failures).toBeGreaterThan(50)
    const told = toldMs(agent.log, line)
    expect(told.length).toBeGreaterThan(20)
    const pauses = told.slice(1).map((ms, index) => ms - (told[index] ?? 0))
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(60_000)

    const other = { name: 'server', containerID: `containerd://${OTHER_ID}` }
    const cart1 = pod('b', 'cart-1', { status: { containerStatuses: [other] } })
    await recover(server, answerWith(pod('a', 'cart-0'), cart1))
    await countUntil(agent, young, () => sentBy('cart-1') > 0)
    await agent.end()
    const { counted, offered } = agent.bytes()
    expect(offered).toBe(counted)
    expect(agent.isInOrder()).toBe(true)
  },
)

test('an API server that asks for two minutes gets them, and no agent comes at the same moment', async () => {
  using time = simulateTime()
  await using server = await fakeApiServer()
  let refused = 0
  server.answerAll(request => {
    refused += 1
    refuseWith(429, 'too many requests', { 'retry-after': '120' })(request)
  })
  await using agent = startAgentParts(server.address, time)
  await until(
    () => refused > 5,
    () => agent.log.join(''),
  )
  const waits = time.waits.slice(0, 5)
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(120_000)
  expect(new Set(waits).size).toBe(5)
})

test.each([
  ['without a status', pod('b', 'bare', { status: undefined }), 'bare', 'server'],
  [
    'with a null for everything that may be missing',
    pod('b', 'null', { status: { containerStatuses: null } }),
    'null',
    'server',
  ],
  [
    'with a name of 200 characters',
    withOther(pod('b', 'x'.repeat(200))),
    'x'.repeat(200),
    'server',
  ],
  [
    'with annotations in all of Unicode',
    withOther(annotated('b', 'notes', '温度 🚀 \u0000 \ud800 "\n')),
    'notes',
    'server',
  ],
])(
  'a pod %s is counted under its name, and so are the others',
  async (_what, strange, name, container) => {
    using time = simulateTime()
    await using server = await fakeApiServer()
    server.answerAll(answerWith(pod('a', 'cart-0'), strange))
    await using agent = startAgentParts(server.address, time)
    const sentBy = (k8s_pod: string, container_name: string) =>
      agent.value('podatlas_transmit_bytes_total', { k8s_pod, container_name })
    agent.count({
      cgroupId: agent.container('b', OTHER_ID),
      address: ADDRESS,
      bytesSent: 7,
      bytesReceived: 0,
    })
    agent.count({
      cgroupId: agent.container('a', ID),
      address: ADDRESS,
      bytesSent: 9,
      bytesReceived: 0,
    })
    await until(
      () => sentBy('cart-0', 'server') === 9,
      () => agent.log.join(''),
    )
    // Longer than bytes wait for the name of a container.
    time.passMs(60_000)
    await until(
      () => sentBy(name, container) === 7,
      () => agent.log.join(''),
    )
  },
)

async function fail(server: FakeApiServer, answer: Fault['answer']): Promise<void> {
  server.answerAll(answer)
  await server.goAway()
  if (answer) await server.comeBack()
}

async function recover(server: FakeApiServer, answer: Fault['answer']): Promise<void> {
  await server.goAway()
  server.answerAll(request => {
    // What has changed in the meantime comes with a new list.
    if (request.query.get('resourceVersion') === '10' && !listed) again(request)
    else answer?.(request)
    listed ||= !request.query.has('watch')
  })
  let listed = false
  await server.comeBack()
}

async function countUntil(
  agent: AgentParts,
  cgroupId: number,
  isDone: () => boolean,
): Promise<void> {
  for (let tries = 0; !isDone(); tries++) {
    if (tries > 500) throw new Error(agent.log.join(''))
    await countOn(agent, cgroupId, 1)
  }
}

function withOther(one: ReturnType<typeof pod>) {
  return {
    ...one,
    status: { containerStatuses: [{ name: 'server', containerID: `containerd://${OTHER_ID}` }] },
  }
}

function annotated(uid: string, name: string, note: string) {
  const { metadata, ...rest } = pod(uid, name)
  return { ...rest, metadata: { ...metadata, annotations: { [note]: note } } }
}
