import { setTimeout as sleep } from 'node:timers/promises'
import type { Check } from './checks.ts'
import { bad } from './finding.ts'
import type { Finding } from './finding.ts'
import { messageOf } from '../program/message-of.ts'

type Times = { readonly waitMs: number; readonly everyMs: number }

/**
 * Looks again and again until every check is good or the time is over, and gives the last finding of each. Each has the
 * whole time, however long others hang. A check that cannot look is a bad finding: what it asks may not be up yet.
 */
export async function untilGood(
  checks: readonly Check[],
  times: Times,
): Promise<ReadonlyMap<string, Finding>> {
  const found = checks.map(async check => [check.name, await lastFinding(check, times)] as const)
  return new Map(await Promise.all(found))
}

/** The first look is waited for in any case; one that the end cuts short would tell less than the one before. */
async function lastFinding({ look }: Check, { waitMs, everyMs }: Times): Promise<Finding> {
  const endMs = performance.now() + waitMs
  let finding = await look().catch(asFinding)
  for (;;) {
    const leftMs = endMs - performance.now()
    if (finding.isGood || leftMs <= everyMs) return finding
    await sleep(everyMs)
    const end = sleep(endMs - performance.now(), finding, { ref: false })
    finding = await Promise.race([look().catch(asFinding), end])
  }
}

function asFinding(error: unknown): Finding {
  return bad(messageOf(error))
}
