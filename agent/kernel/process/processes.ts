import type { Process } from '../../model.ts'
import type { Programs } from '../object/descriptors.ts'
import { loadLibbpf } from '../system/libbpf.ts'
import { processName } from '../wire.gen.ts'

/** PROCESS_PID_BITS of bpf/wire.h, as a factor. */
const PIDS = 2 ** 22

const text = new TextDecoder()

/**
 * Gives a function from a flow's `processKey`, not 0, to the process. The kernel has noted its name when it met
 * the process, so that this may be gone by now; it keeps 16,384 names, those it met last.
 */
export function processReader({ mapFd }: Pick<Programs, 'mapFd'>): (processKey: number) => Process {
  const libbpf = loadLibbpf()
  const names = mapFd('process_names')
  const name = new Uint8Array(processName.size)
  return processKey => {
    const pid = processKey % PIDS
    if (libbpf.lookup(names, Uint32Array.of(processKey), name) < 0) return { pid }
    const end = name.indexOf(0)
    return { pid, command: text.decode(name.subarray(0, end < 0 ? name.length : end)) }
  }
}
