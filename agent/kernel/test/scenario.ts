import assert from 'node:assert/strict'
import { isEmulated } from '../../../ci/bpf/prebuilt.ts'
import { ledger } from './ledger.ts'
import { openTestKernel, unseenEvents, type TestKernel } from './open.ts'
import { startTraffic, type Service } from './traffic.ts'

/**
 * A promise that is kept on every kernel: the tests of this machine's kernel run it, and so do the
 * machines of ci/vm. Hence neither vitest nor anything else that is not in their memory.
 */
export type Scenario = {
  readonly name: string
  /** Throws when the promise is broken; else says how much was compared with the programs' own counts. */
  readonly run: () => Promise<Compared>
  /** Its programs are made to miss events. */
  readonly hidesEvents?: true
}

export type Compared = {
  readonly connections: number
  readonly datagrams: number
  /** Payload, sent and received, at both ends. */
  readonly bytes: number
}

type Conditions = { readonly checkpoints?: number; readonly open?: () => TestKernel }

/** Runs a scenario; see seeingAll. */
export function keepPromise({ run, hidesEvents }: Scenario): Promise<Compared> {
  return hidesEvents ? run() : seeingAll(run)
}

/**
 * Runs a test, and once more if it failed where the kernel kept an event from the programs: there is a
 * machine whose kernel does so (docs/decisions/0161). The programs tell, but if the socket's memory is
 * another's by then, its last bytes are lost, as the runbook says. Not more often than that, or a fault of
 * ours that looks like such an event now and then would pass.
 */
export async function seeingAll<T>(run: () => Promise<T>): Promise<T> {
  const before = unseenEvents()
  try {
    return await run()
  } catch (error) {
    const unseen = unseenEvents() - before
    if (unseen === 0) throw error
    console.error(`run again, because the kernel kept ${unseen} events from the programs:`, error)
    return run()
  }
}

const openOrGoOn = keptInEmulation(openTestKernel)

/**
 * Runs a scenario of bpf/test to its last checkpoint, where it stops for a comparison; at each, the
 * kernel must have counted what the programs did, and nothing else of their cgroups.
 */
export async function compareExactly(
  scenario: string,
  { checkpoints = 1, open = openOrGoOn }: Conditions = {},
): Promise<readonly Service[]> {
  using kernel = open()
  await using traffic = startTraffic(scenario)
  const counts = ledger(kernel, traffic)
  let services: readonly Service[] = []
  for (let checkpoint = 1; checkpoint <= checkpoints; checkpoint++) {
    services = await traffic.next()
    await counts.drain()
    assert.deepEqual(services.map(counts.counted), services)
  }
  assert.deepEqual(kernel.lostBytes(), {})
  const ports = new Set(services.map(({ port }) => port))
  assert.deepEqual(
    counts.flows().filter(({ servicePort }) => !ports.has(servicePort)),
    [],
  )
  return services
}

/** In emulation loading takes most of the time: there all that open it share what the first one loaded. */
export function keptInEmulation(open: () => TestKernel): () => TestKernel {
  if (!isEmulated()) return open
  let kept: TestKernel | undefined
  return () => {
    kept ??= open()
    return { ...kept, [Symbol.dispose]: () => undefined }
  }
}

/** What a comparison of these services covered. */
export function covered(services: readonly Service[]): Compared {
  const sum = (read: (service: Service) => number) =>
    services.reduce((total, service) => total + read(service), 0)
  return {
    connections: sum(({ client, failed }) => client.opened + failed),
    datagrams: 0,
    bytes: sum(({ client, server }) => bytesOf(client) + bytesOf(server)),
  }
}

export function sumOf(compared: readonly Compared[]): Compared {
  const sum = (field: keyof Compared) => compared.reduce((total, one) => total + one[field], 0)
  return { connections: sum('connections'), datagrams: sum('datagrams'), bytes: sum('bytes') }
}

function bytesOf({ sent, received }: Service['client']): number {
  return sent + received
}
