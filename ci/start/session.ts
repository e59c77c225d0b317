import { mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Arguments } from './arguments.ts'
import { cgroupMount } from './cgroup-mount.ts'
import { readConnections } from './connections.ts'
import { openDisplay } from './display.ts'
import { Interrupted, StartFault } from './fault.ts'
import { removeLeftovers, runName } from './leftovers.ts'
import { startStack, type Stack } from './stack.ts'
import { select, summary } from './summary.ts'
import { farEnds } from './traffic/cast.ts'
import { writeDemoDatabase } from './traffic/database.ts'
import { startWorld, type World } from './traffic/world.ts'
import { readSettled, watch } from './watch.ts'

export type Surroundings = {
  /** Ends the session in order when it is aborted. */
  readonly stopped: AbortSignal
  /** Tells a person how it goes; never on stdout. */
  readonly say: (line: string) => void
}

type Running = {
  readonly stack: Stack
  readonly world: World | undefined
  /** Container whose rows are left out of the table. */
  readonly farEnds: string | undefined
}

/**
 * Starts everything, shows the table until it is time to end, and undoes what it made, in reverse
 * order, however it ends. Throws a StartFault for what a person can repair.
 */
export async function runSession(args: Arguments, surroundings: Surroundings): Promise<void> {
  if (process.getuid?.() !== 0)
    throw new StartFault('only root may load programs into the kernel. Run: sudo npm start')
  await using owned = new AsyncDisposableStack()
  const running = await startAll(args, surroundings, owned)
  surroundings.stopped.throwIfAborted()
  const startedMs = Date.now()
  await show(args, surroundings, running)
  rethrowFault(surroundings.stopped)
  const seconds = Math.round((Date.now() - startedMs) / 1_000)
  await conclude(args, surroundings, running, seconds)
}

async function startAll(
  { withTraffic }: Arguments,
  { stopped, say }: Surroundings,
  owned: AsyncDisposableStack,
): Promise<Running> {
  const cgroups = cgroupMount()
  await removeLeftovers(tmpdir(), cgroups)
  const folder = join(tmpdir(), runName())
  await mkdir(folder, { mode: 0o700 })
  owned.defer(() => rm(folder, { recursive: true }))

  say('starting Prometheus, geoip and the agent')
  const databases = withTraffic ? [await writeDemoDatabase(folder)] : []
  const stack = await startStack({ folder, databases, owned, signal: stopped })
  say(`ready, the map is at ${stack.page}`)
  if (!withTraffic) return { stack, world: undefined, farEnds: undefined }
  // After the agent, so that it sees their first byte.
  const world = await startWorld({ folder, cgroup: join(cgroups, runName()), owned })
  return { stack, world, farEnds }
}

async function show(args: Arguments, surroundings: Surroundings, running: Running): Promise<void> {
  const { asJson, forMs } = args
  const { stopped, say } = surroundings
  const { stack, world, farEnds: hidden } = running
  const output = process.stdout
  const display = openDisplay({ page: stack.page, farEnds: hidden, output })
  let hasRows = false
  await watch({
    page: stack.page,
    until: forMs === undefined ? stopped : AbortSignal.any([stopped, AbortSignal.timeout(forMs)]),
    lost: Promise.race([stack.lost, ...(world ? [world.lost] : [])]),
    show: (connections, elapsedMs) => {
      const isFirstRow = !hasRows && select(connections, hidden).rows.length > 0
      hasRows ||= isFirstRow
      // A line in between would shift a table that is drawn over itself.
      if (isFirstRow && (asJson || !output.isTTY))
        say(`first row ${(performance.now() / 1_000).toFixed(1)} s after the start`)
      if (!asJson) display.show(connections, elapsedMs)
    },
  })
  if (!asJson) display.end()
}

/** Lets the demo's traffic come to rest, unless somebody is in a hurry, and prints what was asked for. */
async function conclude(
  { asJson, countsFile }: Arguments,
  { stopped, say }: Surroundings,
  { stack: { page }, world, farEnds: hidden }: Running,
  seconds: number,
): Promise<void> {
  if (!asJson && countsFile === undefined) return
  const counts = stopped.aborted ? undefined : await world?.settle()
  if (counts !== undefined && countsFile !== undefined)
    await writeFile(countsFile, `${JSON.stringify(counts, null, 2)}\n`)
  if (!asJson) return
  const connections =
    counts === undefined
      ? await readConnections(page, seconds)
      : await readSettled(page, seconds, Object.keys(counts))
  const { rows, notes } = select(connections, hidden)
  for (const note of notes) say(note)
  process.stdout.write(`${JSON.stringify(summary(page, seconds, rows), null, 2)}\n`)
}

/** An interruption is an end like any other, a fault is not. */
function rethrowFault(stopped: AbortSignal): void {
  if (stopped.aborted && !(stopped.reason instanceof Interrupted)) stopped.throwIfAborted()
}
