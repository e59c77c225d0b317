import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { bpfObject } from '../../../ci/bpf/object.ts'
import { prebuilt } from '../../../ci/bpf/prebuilt.ts'
import type { Flow } from '../../model.ts'
import { mountBpffs } from './bpffs.ts'
import { ledgerOf } from './ledger.ts'
import { covered, type Scenario } from './scenario.ts'
import { startTraffic } from './traffic.ts'

/** What survives the process that installed the programs. */
export const restartScenarios: readonly Scenario[] = [
  {
    name: 'without any capability, killed and started again: what happened meanwhile is in the next drain',
    run: async () => {
      using bpffs = mountBpffs()
      await using first = await startDrainer(bpffs.pinDirectory)
      assert.deepEqual(first.start, { origin: 'loaded', capabilities: ['0000000000000000'] })
      await using traffic = startTraffic('half-closed')
      let drainer = first
      const counts = ledgerOf(() => drainer.drain(), traffic)
      const compare = async (services: Awaited<ReturnType<typeof traffic.next>>) => {
        await counts.drain()
        assert.deepEqual(services.map(counts.counted), services)
        return services
      }
      await compare(await traffic.next())
      await first.kill()
      const meanwhile = await traffic.next()
      await using second = await startDrainer(bpffs.pinDirectory)
      assert.deepEqual(second.start, { origin: 'adopted', capabilities: ['0000000000000000'] })
      drainer = second
      await compare(meanwhile)
      return covered(await compare(await traffic.next()))
    },
  },
]

type Drainer = AsyncDisposable & {
  readonly start: unknown
  readonly drain: () => Promise<readonly Flow[]>
  readonly kill: () => Promise<void>
}

/** A process that begins as the agent does. */
async function startDrainer(pinDirectory: string): Promise<Drainer> {
  const program = prebuilt('drainer.mjs') ?? join(import.meta.dirname, '../../../ci/vm/drainer.ts')
  const child = spawn(process.execPath, [program, bpfObject(), pinDirectory], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async () => {
    const line = await lines.next()
    if (line.done) throw new Error(`the drainer ended: exit code ${child.exitCode}`)
    return JSON.parse(line.value)
  }
  const kill = async () => {
    child.kill('SIGKILL')
    await exited
  }
  return {
    start: await answer(),
    drain: () => {
      child.stdin.write('\n')
      return answer()
    },
    kill,
    [Symbol.asyncDispose]: kill,
  }
}
