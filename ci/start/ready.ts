import { setTimeout as sleep } from 'node:timers/promises'
import type { Child } from './child.ts'
import { StartFault } from './fault.ts'

/** Waits until `url` answers 200. Fails when the child ends, or with its name after `boundMs`. */
export async function untilReady(
  child: Child,
  url: string,
  boundMs: number,
  signal: AbortSignal,
): Promise<void> {
  const isLate = AbortSignal.timeout(boundMs)
  const waiting = AbortSignal.any([signal, isLate])
  let answer = 'no connection'
  for (;;) {
    try {
      const response = await Promise.race([fetch(url, { signal: waiting }), child.lost])
      if (response.ok) return
      answer = `${response.status} ${await response.text()}`.trim()
    } catch (error) {
      if (error instanceof StartFault) throw error
      signal.throwIfAborted()
      if (isLate.aborted)
        throw new StartFault(
          `${child.name} is not ready after ${boundMs / 1_000} s (${url}: ${answer}). Try again when the machine is less busy`,
        )
    }
    await sleep(100)
  }
}
