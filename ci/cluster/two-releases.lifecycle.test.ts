import { existsSync, readdirSync } from 'node:fs'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { containers } from './containers.ts'
import { createPod, podAddress, podOf, untilDone } from './example/pod.ts'
import { chart, helmOf, values } from './install.ts'
import { createNamespace } from './namespace.ts'
import { podsOf, settled, versionsOf } from './release-state.ts'
import { folders, kubectl, promApi, promApiAt } from './running.ts'

const patience = { timeout: 90_000, interval: 1_000 }
const namespace = 'second'
const helm = helmOf(folders, { name: 'second', namespace })
// Of the values of all tests only what this machine needs.
const all = ['agent.interval=2s,agent.series.budget=200000,agent.resources.limits.memory=2Gi']
  .concat(['grafana', 'geoip'].map(component => `${component}.enabled=false`))
  .map(change => `--set=${change}`)
const isAgent = ['-l', 'app.kubernetes.io/component=agent']
const Answer = z.object({
  data: z.object({ result: z.array(z.object({ value: z.tuple([z.number(), z.string()]) })) }),
})

beforeAll(async () => {
  await helmOf(folders)('upgrade', chart, '--values', values)
  const functions = ['geoip', 'peers', 'prometheus'].map(name => `deployment/podatlas-${name}`)
  await settled('podatlas', ['daemonset/podatlas-agent', ...functions])
  await kubectl(['create', 'namespace', namespace])
})
afterAll(async () => {
  await helm('uninstall', '--ignore-not-found')
  await kubectl(['delete', '--wait=false', '--ignore-not-found', 'namespace', namespace, 'both'])
})

test('the agent of a second release says in the status of its pod that one counts already, and what to do', async () => {
  const first = await podsOf('podatlas')
  await helm('install', chart, ...all)
  const last = '{.items[0].status.containerStatuses[0].lastState.terminated.message}'
  await vi.waitFor(async () => {
    const message = await kubectl([
      '-n',
      namespace,
      'get',
      'pods',
      ...isAgent,
      `-o=jsonpath=${last}`,
    ])
    expect(message).toMatch(/another agent counts on this host: .* another --pin-directory/)
  }, patience)
  expect(await podsOf('podatlas')).toEqual(first)
})

test('with pins of its own it counts too, each release into its own Prometheus', async () => {
  await helm('upgrade', chart, ...all, '--set=agent.kernel.pinDirectory=/sys/fs/bpf/second')
  await settled(namespace, [
    'daemonset/second-podatlas-agent',
    'deployment/second-podatlas-prometheus',
  ])
  await createNamespace(kubectl, 'both')
  const args = ['call', '192.0.2.10:7000,connections=3,send=2003,receive=4001']
  await createPod('both', 'sender', podOf({ sender: args }))
  await untilDone('both', ['sender/sender'])
  const pods = await kubectl([
    '-n',
    namespace,
    'get',
    'pods',
    '-o',
    'name',
    '-l',
    'app.kubernetes.io/component=prometheus',
  ])
  const own = promApiAt(
    `http://${await podAddress(namespace, pods.trim().replace('pod/', ''))}:9090`,
  )
  for (const api of [promApi, own]) {
    await vi.waitFor(async () => {
      const query = 'sum(podatlas_transmit_bytes_total{k8s_namespace="both",k8s_pod="sender"})'
      const { data } = Answer.parse(await api(`query?${new URLSearchParams({ query })}`))
      expect(data.result.map(({ value }) => Number(value[1]))).toEqual([3 * 2003])
    }, patience)
  }
})

test('uninstalling it leaves the first release as it was, and nothing of its own', async () => {
  const [pods, versions] = [await podsOf('podatlas'), await versionsOf('podatlas')]
  const pins = readdirSync('/sys/fs/bpf/podatlas')
  expect(existsSync('/sys/fs/bpf/second')).toBe(true)
  await helm('uninstall')
  await vi.waitFor(async () => {
    expect(existsSync('/sys/fs/bpf/second')).toBe(false)
    expect(readdirSync('/var/lib/podatlas')).toEqual(['podatlas_podatlas'])
    expect(await containers(namespace)).toEqual([])
  }, patience)
  expect(await podsOf('podatlas')).toEqual(pods)
  expect(await versionsOf('podatlas')).toEqual(versions)
  expect(readdirSync('/sys/fs/bpf/podatlas')).toEqual(pins)
})
