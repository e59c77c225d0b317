import { expect, vi } from 'vitest'
import { type Container, containers, processOf } from './containers.ts'
import { heldBy } from './held.ts'
import { chart, helmOf, values } from './install.ts'
import { folders } from './running.ts'

const patience = { timeout: 90_000, interval: 500 }
const isAgent = ['-l', 'app.kubernetes.io/component=agent']

/** The one agent of the node. Errors: between two there is none. */
export async function agent(): Promise<Container> {
  const [one, ...others] = await containers('podatlas', isAgent)
  if (!one || others.length > 0) throw new Error('there is not exactly one agent')
  return one
}

/** The kernel's numbers of the programs that count. */
export async function programsOfAgent(): Promise<Set<number>> {
  return new Set(heldBy(await processOf(await agent())).prog)
}

/** Waits until the programs that count are these. One that is replaced never comes back under its number. */
export async function untilHolding(programs: ReadonlySet<number>): Promise<void> {
  await vi.waitFor(async () => expect(await programsOfAgent()).toEqual(programs), patience)
}

/** Waits until another pod than that of `old` is the agent, and ready. */
export async function untilReplaced(old: Container): Promise<void> {
  await vi.waitFor(async () => {
    const now = await agent()
    expect(now.ready && now.podUid !== old.podUid).toBe(true)
  }, patience)
}

/** Gives the release values beside those of all tests (`agent.udp=off`), and waits for the agent that has them. */
export async function changeValues(changes: string): Promise<void> {
  const old = await agent()
  await helmOf(folders)('upgrade', chart, '--values', values, `--set=${changes}`)
  await untilReplaced(old)
}
