import { setTimeout as sleep } from 'node:timers/promises'
import type { Check } from './checks.ts'
import { bad } from './finding.ts'
import type { Finding } from './finding.ts'

/**
 * Looks again and again until every check is good or the time is over, and gives the last finding of each. A check that
 * cannot look is a bad finding: what it asks may not be up yet.
 */
export async function untilGood(
  checks: readonly Check[],
  { waitMs, everyMs }: { readonly waitMs: number; readonly everyMs: number },
): Promise<ReadonlyMap<string, Finding>> {
  const endMs = performance.now() + waitMs
  const findings = new Map<string, Finding>()
  for (;;) {
    for (const { name, look } of checks) {
      if (!findings.get(name)?.isGood) findings.set(name, await look().catch(asFinding))
    }
    const areGood = [...findings.values()].every(({ isGood }) => isGood)
    const leftMs = endMs - performance.now()
    if (areGood || leftMs <= 0) return findings
    await sleep(Math.min(everyMs, leftMs))
  }
}

function asFinding(error: unknown): Finding {
  return bad(error instanceof Error ? error.message : String(error))
}
