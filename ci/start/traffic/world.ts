import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { isIPv4 } from 'node:net'
import { join } from 'node:path'
import { startChild, type Child } from '../child.ts'
import { StartFault } from '../fault.ts'
import { removeCgroup } from '../leftovers.ts'
import { cast, type Actor } from './cast.ts'
import { furnishFarEnds, plugIn } from './network.ts'
import type { Count, Order, Report } from './plan.ts'

export type WorldOptions = {
  /** The run's temporary folder. */
  readonly folder: string
  /** Directory of cgroup v2 to make; each actor gets one below it. */
  readonly cgroup: string
  /** Owns what is made here. */
  readonly owned: AsyncDisposableStack
}

export type World = {
  /** Ends the exchanges, keeps open what stays open, and says what each actor wrote and read. */
  readonly settle: () => Promise<Record<string, readonly Count[]>>
  /** Rejects when a talker ends by itself. */
  readonly lost: Promise<never>
}

type Talker = { readonly actor: Actor; readonly child: Child }

const answerWithinMs = 15_000

/**
 * Starts the demo world: each actor is a process in a network namespace and a cgroup of its own.
 * The namespaces have no name and no mount, so they go with their processes, however these end.
 */
export async function startWorld({ folder, cgroup, owned }: WorldOptions): Promise<World> {
  const hasIpv6 = existsSync('/proc/net/if_inet6')
  const actors = hasIpv6 ? cast : cast.map(withoutIpv6)
  await mkdir(cgroup).catch((error: unknown) => {
    throw new StartFault(
      `the demo needs cgroups of its own: ${String(error)}. Start outside of a container, or without --traffic`,
    )
  })
  owned.defer(() => removeCgroup(cgroup))
  const talkers = await Promise.all(actors.map(actor => startTalker(actor, folder, owned)))
  const [farEnds, ...containers] = talkers
  if (farEnds === undefined) throw new Error('the cast is empty')
  await furnishFarEnds(farEnds.child.pid, farEnds.actor)
  for (const { actor, child } of containers)
    await plugIn(farEnds.child.pid, child.pid, actor.addresses)
  for (const { actor, child } of talkers) {
    // Before its first socket: a connection belongs to the cgroup in which it was made.
    await enterCgroup(join(cgroup, actor.name), child.pid)
  }
  // All listen before the first one calls.
  for (const kind of ['listen', 'call'] as const)
    await Promise.all(talkers.map(({ actor, child }) => ask(child, { kind, plan: actor.plan })))
  return {
    settle: () => settle(talkers),
    lost: Promise.race(talkers.map(({ child }) => child.lost)),
  }
}

async function startTalker(
  actor: Actor,
  folder: string,
  owned: AsyncDisposableStack,
): Promise<Talker> {
  const program = join(import.meta.dirname, 'talker.ts')
  const child = owned.use(
    startChild({
      name: actor.name,
      words: ['unshare', '--net', '--', process.execPath, program],
      folder,
      hasChannel: true,
    }),
  )
  await nextReport(child)
  return { actor, child }
}

async function settle(talkers: readonly Talker[]): Promise<Record<string, readonly Count[]>> {
  await Promise.all(talkers.map(({ child }) => ask(child, { kind: 'settle' })))
  // Only now: who answers is done when the last caller is.
  const counts: Record<string, readonly Count[]> = {}
  for (const { actor, child } of talkers) {
    const report = await ask(child, { kind: 'count' })
    if (report.kind === 'counted') counts[actor.name] = report.counts
  }
  return counts
}

async function ask(child: Child, order: Order): Promise<Report> {
  const report = nextReport(child)
  child.process.send(order)
  return report
}

async function nextReport(child: Child): Promise<Report> {
  const signal = AbortSignal.timeout(answerWithinMs)
  try {
    const message = once(child.process, 'message', { signal })
    const [report]: readonly Report[] = await Promise.race([message, child.lost])
    if (report !== undefined) return report
    throw new Error(`${child.name} sent an empty message`)
  } catch (error) {
    if (!signal.aborted) throw error
    throw new StartFault(`${child.name} does not answer. Try again when the machine is less busy`)
  }
}

async function enterCgroup(directory: string, pid: number): Promise<void> {
  await mkdir(directory)
  await writeFile(join(directory, 'cgroup.procs'), `${pid}`)
}

function withoutIpv6({ plan, addresses, ...actor }: Actor): Actor {
  return {
    ...actor,
    addresses: addresses.filter(isIPv4),
    plan: { ...plan, calls: plan.calls.filter(({ address }) => isIPv4(address)) },
  }
}
