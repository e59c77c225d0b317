import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { z } from 'zod'
import { startApiServer } from './control-plane.ts'
import { podCounts } from './example/counts.ts'
import { bytesOfTalk, createPod, talk } from './example/pod.ts'
import { folders, kubectl, promql } from './running.ts'

const Container = z.looseObject({
  args: z.array(z.string()),
  securityContext: z.looseObject({}),
})
type Changes = { readonly args?: readonly string[]; readonly securityContext?: object }
const PodTemplate = z.object({ spec: z.looseObject({ containers: z.array(Container) }) })
const DaemonSet = z.object({ spec: z.object({ template: PodTemplate }) })
const patience = { timeout: 120_000, interval: 1_000 }
const prometheus = 'deployment/podatlas-prometheus'

test('what is sent while Prometheus is away arrives afterwards, to the byte', async () => {
  await scale(0)
  await talk('away')
  await scale(1)
  await vi.waitFor(async () => {
    expect(await bytesOf('away')).toBe(bytesOfTalk)
    // Its history went with the pod of Prometheus; what counts is that the counters did not.
    expect(await bytesOf('cart')).toBe(await sentBy('cart'))
  }, patience)
})

test('the agent outlives an API server that is down, and names pods again when it is back', async () => {
  const pid = Number(readFileSync(join(folders.logs, 'kube-apiserver.pid'), 'utf8'))
  process.kill(pid, 'SIGKILL')
  await sleep(8_000)
  startApiServer(folders)
  await vi.waitFor(
    async () => expect(await kubectl(['get', '--raw', '/readyz'])).toBe('ok'),
    patience,
  )
  await talk('back')
  await vi.waitFor(async () => expect(await bytesOf('back')).toBe(bytesOfTalk), patience)
  expect(await restarts('agent')).toBe('0')
})

test.for(['BPF', 'PERFMON'])(
  'without CAP_%s the agent says in one line what to grant',
  async missing => {
    const others = ['BPF', 'PERFMON'].filter(name => name !== missing)
    // It gets by the running agent, which would be its first complaint.
    const line = await complaintOf(`without-${missing.toLowerCase()}`, {
      args: ['--pin-directory='],
      securityContext: { capabilities: { drop: ['ALL'], add: others } },
    })
    expect(line).toMatch(new RegExp(`^podatlas-agent: .*CAP_${missing}.*$`))
  },
)

test('a second agent on the node says in one line that there is one', async () => {
  const line = await complaintOf('second', {})
  expect(line).toMatch(/^podatlas-agent: another agent counts on this host: .*--pin-directory.*$/)
})

/** What an agent says that cannot run: its pod as the chart makes it, with changes. */
async function complaintOf(pod: string, changes: Changes): Promise<string> {
  await createPod('podatlas', pod, await agentSpec(changes))
  const terminated = '-o=jsonpath={.status.containerStatuses[0].state.terminated.exitCode}'
  const exitCode = async () => await kubectl(['-n', 'podatlas', 'get', 'pod', pod, terminated])
  await vi.waitFor(async () => expect(await exitCode()).toBe('1'), patience)
  return (await kubectl(['-n', 'podatlas', 'logs', pod])).trim()
}

/** Returns when so many pods of Prometheus are there, and ready: one that is about to end still takes samples. */
async function scale(replicas: number): Promise<void> {
  await kubectl(['-n', 'podatlas', 'scale', prometheus, `--replicas=${replicas}`])
  const ready = '-o=jsonpath={.items[*].status.containerStatuses[*].ready}'
  const ours = ['-l', 'app.kubernetes.io/component=prometheus', ready]
  const expected = Array.from({ length: replicas }, () => 'true').join(' ')
  await vi.waitFor(
    async () => expect(await kubectl(['-n', 'podatlas', 'get', 'pods', ...ours])).toBe(expected),
    patience,
  )
}

async function bytesOf(pod: string): Promise<number | undefined> {
  return (await promql(`sum(bytes_tx{k8s_namespace="shop",k8s_pod="${pod}"})`))[0]?.value
}

/** What the containers of a pod counted themselves. */
async function sentBy(pod: string): Promise<number> {
  const containers = [...(await podCounts())].filter(([name]) => name.startsWith(`${pod}/`))
  const counts = containers.flatMap(([, { remotes }]) => Object.values(remotes))
  return counts.reduce((sum, { sent }) => sum + sent, 0)
}

function restarts(component: string): Promise<string> {
  const path = '-o=jsonpath={.items[*].status.containerStatuses[*].restartCount}'
  return kubectl([
    '-n',
    'podatlas',
    'get',
    'pods',
    '-l',
    `app.kubernetes.io/component=${component}`,
    path,
  ])
}

async function agentSpec({ args = [], securityContext }: Changes): Promise<object> {
  const daemonSet = await kubectl(['-n', 'podatlas', 'get', 'daemonset/podatlas-agent', '-o=json'])
  const { spec } = DaemonSet.parse(JSON.parse(daemonSet)).spec.template
  const containers = spec.containers.map(container => ({
    ...container,
    args: [...container.args, ...args],
    securityContext: { ...container.securityContext, ...securityContext },
  }))
  return { ...spec, containers, restartPolicy: 'Never' }
}
