import { expect, vi } from 'vitest'
import { places } from '../addresses.ts'
import { kubectl } from '../running.ts'
import { podCounts, worldCounts } from './counts.ts'

/** The image of every pod that talks and counts. */
export const image = 'localhost/podatlas/example:test'

const patience = { timeout: 90_000, interval: 250 }
const [connections, send] = [5, 1234]
/** What a pod made by talk() sends to all places together. */
export const bytesOfTalk = places.length * connections * send

/** A further pod in the namespace `shop` that talks to every place of the world; returns when it has. */
export async function talk(name: string): Promise<void> {
  const each = `connections=${connections},send=${send},receive=4321`
  const args = ['call', ...places.map(({ address }) => `${address}:7000,${each}`)]
  await createPod('shop', name, podOf({ [name]: args }))
  await untilDone('shop', [`${name}/${name}`])
}

/** What a pod of talking containers is made from: their arguments by their names. */
export function podOf(containers: Readonly<Record<string, readonly string[]>>) {
  return {
    automountServiceAccountToken: false,
    containers: Object.entries(containers).map(([name, args]) => ({ name, image, args })),
  }
}

export async function createPod(namespace: string, name: string, spec: object): Promise<void> {
  await create({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace }, spec })
}

/** Creates objects in one call; JSON is what kubectl reads best. */
export async function create(...items: readonly object[]): Promise<void> {
  const list = { apiVersion: 'v1', kind: 'List', items }
  await kubectl(['create', '-f', '-'], JSON.stringify(list))
}

/** Waits until a pod has an address; it may be about to be made. */
export async function podAddress(namespace: string, name: string): Promise<string> {
  const get = ['-n', namespace, 'get', 'pod', name, '-o=jsonpath={.status.podIP}']
  return await vi.waitFor(async () => {
    const address = await kubectl(get)
    expect(address).not.toBe('')
    return address
  }, patience)
}

/** Waits until these containers have exchanged all that they were asked to: `pod/container`. */
export async function untilDone(namespace: string, names: readonly string[]): Promise<void> {
  const areDone = async () => {
    const counts = await podCounts(namespace)
    for (const name of names) expect(counts.get(name), name).toMatchObject({ done: true })
  }
  await vi.waitFor(areDone, patience)
}

/** Waits until the servers outside have got so many bytes from an address. */
export async function untilReceived(address: string, bytes: number): Promise<void> {
  await vi.waitFor(() => expect(worldCounts()[address]?.received).toBe(bytes), patience)
}
