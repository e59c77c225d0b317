import { getSystemErrorName } from 'node:util'
import type { Telemetry } from '../../telemetry.ts'
import type { Programs } from '../object/descriptors.ts'
import { KernelError } from '../system/error.ts'
import { runIterator } from '../system/iterator.ts'
import { loadLibbpf } from '../system/libbpf.ts'
import { processWalk } from '../wire.gen.ts'

const FIRST = Uint32Array.of(0)
/** The kernel keeps 16 bits of a walk's number, and 0 says that there was none. */
const LAST_NUMBER = 65_535

/**
 * Gives a function that finds which processes hold the connections that are open, so that what is read of these
 * next counts for them. What fails is counted: then they stay with the processes that had them.
 */
export function holderSearch(
  programs: Pick<Programs, 'processes' | 'mapFd' | 'linkFd'>,
  { processWalkFailures }: Pick<Telemetry, 'processWalkFailures'>,
): () => Promise<void> {
  if (!programs.processes) return () => Promise.resolve()
  const libbpf = loadLibbpf()
  const mapFd = programs.mapFd('process_walk')
  const linkFd = programs.linkFd('process_holders')
  const state = new Uint32Array(processWalk.size / 4)
  const view = new DataView(state.buffer)

  async function pass(number: number, assigns: boolean): Promise<void> {
    check(libbpf.update(mapFd, FIRST, Uint32Array.of(number, assigns ? 1 : 0, 0, 0)))
    await runIterator(libbpf, linkFd)
    check(libbpf.lookup(mapFd, FIRST, state))
  }

  return async () => {
    try {
      check(libbpf.lookup(mapFd, FIRST, state))
      const number = (processWalk.number(view, 0) % LAST_NUMBER) + 1
      await pass(number, false)
      if (processWalk.leftOver(view, 0) > 0) await pass(number, true)
    } catch {
      processWalkFailures.inc()
    }
  }
}

function check(result: number): void {
  if (result >= 0) return
  throw new KernelError(`cannot search for processes: ${getSystemErrorName(result)}`, {
    code: 'DRAIN',
    fix: 'Connections stay with the processes that had them; if it goes on, restart the agent',
  })
}
