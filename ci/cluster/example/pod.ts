import { expect, vi } from 'vitest'
import { kubectl } from '../running.ts'
import { podCounts } from './counts.ts'

/** A further pod in the namespace `shop` that sends 5 × 1234 bytes to the world; returns when it has. */
export async function talk(name: string): Promise<void> {
  const image = 'localhost/podatlas/example:test'
  const args = ['call', '192.0.2.20:7000,connections=5,send=1234,receive=4321']
  const spec = { automountServiceAccountToken: false, containers: [{ name, image, args }] }
  await createPod(name, spec)
  const counts = async () => (await podCounts()).get(`${name}/${name}`)
  const isDone = async () => expect(await counts()).toMatchObject({ done: true })
  await vi.waitFor(isDone, { timeout: 60_000, interval: 500 })
}

/** A pod in the namespace `shop`. */
export async function createPod(name: string, spec: object): Promise<void> {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'shop' }, spec }
  await kubectl(['create', '-f', '-'], JSON.stringify(pod))
}
