import { expect, vi } from 'vitest'
import { places } from '../addresses.ts'
import { kubectl } from '../running.ts'
import { podCounts } from './counts.ts'

const [connections, send] = [5, 1234]
/** What a pod made by talk() sends to all places together. */
export const bytesOfTalk = places.length * connections * send

/** A further pod in the namespace `shop` that talks to every place of the world; returns when it has. */
export async function talk(name: string): Promise<void> {
  const image = 'localhost/podatlas/example:test'
  const each = `connections=${connections},send=${send},receive=4321`
  const args = ['call', ...places.map(({ address }) => `${address}:7000,${each}`)]
  await createPod('shop', name, {
    automountServiceAccountToken: false,
    containers: [{ name, image, args }],
  })
  const counts = async () => (await podCounts()).get(`${name}/${name}`)
  const isDone = async () => expect(await counts()).toMatchObject({ done: true })
  await vi.waitFor(isDone, { timeout: 60_000, interval: 500 })
}

export async function createPod(namespace: string, name: string, spec: object): Promise<void> {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace }, spec }
  await kubectl(['create', '-f', '-'], JSON.stringify(pod))
}
