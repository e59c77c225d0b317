import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { startContainerd } from './containerd.ts'
import { containers } from './containers.ts'
import { createPod, podOf, untilDone } from './example/pod.ts'
import { untilSent } from './agreement.ts'
import { createNamespace } from './namespace.ts'
import { startKubelet } from './node.ts'
import { datagrams, startPump, streams, visits } from './pump.ts'
import { podsOf, settled } from './release-state.ts'
import { folders, kubectl } from './running.ts'
import { waitUntil } from './service.ts'

test('kubelet and container runtime are killed and start again: no pod of the release restarts, no byte is lost', async () => {
  const pods = await podsOf('podatlas')
  const restarts = await restartsOf('podatlas')
  const pump = await startPump('node-restart', [streams, visits, datagrams])
  for (const name of ['kubelet', 'containerd']) process.kill(pidOf(name), 'SIGKILL')
  await pump.untilMore()
  await startContainerd(folders)
  await vi.waitFor(restartKubelet, { timeout: 60_000, interval: 500 })
  await createNamespace(kubectl, 'newcomer')
  const args = ['call', '192.0.2.10:7000,connections=3,send=2003,receive=4001']
  await createPod('newcomer', 'sender', podOf({ sender: args }))
  await untilDone('newcomer', ['sender/sender'])
  await untilSent('newcomer', 'k8s_pod', { sender: 3 * 2003 })
  await pump.allIsCounted()
  // A kubelet that starts calls pods unready for a moment.
  await settled('podatlas', ['daemonset/podatlas-agent', 'deployment/podatlas-prometheus'])
  expect(await podsOf('podatlas')).toEqual(pods)
  expect(await restartsOf('podatlas')).toEqual(restarts)
})

/** It ends where the container runtime is not ready for it yet, and whoever started it does so again. */
async function restartKubelet(): Promise<void> {
  await waitUntil(startKubelet(folders), 'healthy', isHealthy)
}

async function isHealthy(): Promise<boolean> {
  return (await fetch('http://127.0.0.1:10248/healthz')).ok
}

async function restartsOf(namespace: string): Promise<Record<string, number>> {
  const all = await containers(namespace)
  return Object.fromEntries(
    all.map(({ pod, name, restartCount }) => [`${pod}/${name}`, restartCount]),
  )
}

function pidOf(service: string): number {
  return Number(readFileSync(join(folders.logs, `${service}.pid`), 'utf8'))
}
