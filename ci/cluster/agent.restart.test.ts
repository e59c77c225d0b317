import { expect, test, vi } from 'vitest'
import { type Container, containers, processOf, tell } from './containers.ts'
import { podCounts } from './example/counts.ts'
import { createPod } from './example/pod.ts'
import { heldBy } from './held.ts'
import { chart, helmOf } from './install.ts'
import { counted, metrics, recorded } from './recorded.ts'
import { folders, kubectl } from './running.ts'

const patience = { timeout: 90_000, interval: 500 }
const isAgent = ['-l', 'app.kubernetes.io/component=agent']

test('an agent that is killed and one that is replaced in the middle of transfers lose no byte', async () => {
  await startPod('steady', [
    container('streams', '192.0.2.20:7000,send=3001,receive=70001,stream', 4),
    container('visits', '192.0.2.30:7000,send=501,receive=2003,repeat', 2),
    container('datagrams', '192.0.2.20:7000,send=301,stream', 2, 'ask'),
  ])
  const first = await agent()
  const pid = await processOf(first)
  const programs = await programsOfAgent()
  // Just after a delivery: the samples that a killed process has on their way are nowhere else.
  await untilMore('steady')
  process.kill(pid, 'SIGKILL')
  await vi.waitFor(async () => {
    expect(await agent()).toMatchObject({ restartCount: first.restartCount + 1, ready: true })
  }, patience)
  expect(await programsOfAgent()).toEqual(programs)
  await untilMore('steady')

  await kubectl(['-n', 'podatlas', 'rollout', 'restart', 'daemonset/podatlas-agent'])
  await untilReplaced(first)
  expect(await programsOfAgent()).toEqual(programs)
  await untilMore('steady')

  await allIsCounted('steady')
})

test('an agent with maps of other sizes loses no byte of open connections', async () => {
  await startPod('resized', [
    container('streams', '192.0.2.20:7000,send=3001,receive=70001,stream', 4),
  ])
  const first = await agent()
  const sizes = '--set=agent.kernel.maxFlows=16384,agent.kernel.maxSockets=65536'
  await helmOf(folders)('upgrade', chart, '--reuse-values', sizes)
  await untilReplaced(first)
  await untilMore('resized')
  await allIsCounted('resized')
})

/** A pod that talks until it is told to stop; returns once the agent has reported something of it. */
async function startPod(namespace: string, talking: object[]): Promise<void> {
  await kubectl(['create', 'namespace', namespace])
  await createPod(namespace, 'pump', { automountServiceAccountToken: false, containers: talking })
  await untilMore(namespace)
}

/** Tells the pods to stop and compares what they have counted with what all agents have reported. */
async function allIsCounted(namespace: string): Promise<void> {
  await tell(namespace, 'SIGUSR2')
  const counts = await vi.waitFor(async () => {
    const now = await podCounts(namespace)
    for (const count of now.values()) expect(count).toMatchObject({ done: true })
    return now
  }, patience)
  await vi.waitFor(async () => {
    for (const [metric, field] of metrics) {
      const numbers = await recorded(`${metric}{k8s_namespace="${namespace}"}`)
      expect(numbers, metric).toEqual(counted(counts, field))
    }
  }, patience)
}

function container(name: string, spec: string, times: number, mode = 'call') {
  const image = 'localhost/podatlas/example:test'
  return { name, image, args: [mode, ...Array.from({ length: times }, () => spec)] }
}

/** The one agent of the node; between two there is none. */
async function agent(): Promise<Container> {
  const [one, ...others] = await containers('podatlas', isAgent)
  if (!one || others.length > 0) throw new Error('there is not exactly one agent')
  return one
}

/** The kernel's numbers of the programs that count. */
async function programsOfAgent(): Promise<Set<number>> {
  return new Set(heldBy(await processOf(await agent())).prog)
}

async function untilReplaced(old: Container): Promise<void> {
  await vi.waitFor(async () => {
    const now = await agent()
    expect(now.ready && now.podUid !== old.podUid).toBe(true)
  }, patience)
}

async function reported(namespace: string): Promise<number> {
  const metric = 'podatlas_receive_bytes_total'
  const bytes = Object.values(await recorded(`${metric}{k8s_namespace="${namespace}"}`))
  return bytes.reduce((sum, each) => sum + each, 0)
}

/** Waits until the agent of now has reported bytes, so that it is in the middle of its work. */
async function untilMore(namespace: string): Promise<void> {
  const before = await reported(namespace)
  const isMore = async () => expect(await reported(namespace)).toBeGreaterThan(before)
  await vi.waitFor(isMore, { ...patience, interval: 50 })
}
