import { expect, test, vi } from 'vitest'
import { agent, changeValues, untilReplaced } from './agent.ts'
import { untilAgreed } from './agreement.ts'
import { processOf, tell } from './containers.ts'
import { podCounts } from './example/counts.ts'
import { createPod, image } from './example/pod.ts'
import { heldBy } from './held.ts'
import { recorded } from './recorded.ts'
import { kubectl } from './running.ts'

const patience = { timeout: 90_000, interval: 500 }

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
  await changeValues('agent.kernel.maxFlows=16384,agent.kernel.maxSockets=65536')
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
  await vi.waitFor(async () => {
    for (const count of (await podCounts(namespace)).values()) {
      expect(count).toMatchObject({ done: true })
    }
  }, patience)
  await untilAgreed(namespace)
}

function container(name: string, spec: string, times: number, mode = 'call') {
  return { name, image, args: [mode, ...Array.from({ length: times }, () => spec)] }
}

/** The kernel's numbers of the programs that count. */
async function programsOfAgent(): Promise<Set<number>> {
  return new Set(heldBy(await processOf(await agent())).prog)
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
