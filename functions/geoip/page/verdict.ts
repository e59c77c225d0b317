import type { Verdict } from '../connections/verdicts.ts'

/** Worst first: what a place or a list shows of several. */
export const verdicts: readonly Verdict[] = ['forbidden', 'allowed', 'unknown']

export const verdictTitles: Readonly<Record<Verdict, string>> = {
  forbidden: 'Forbidden',
  allowed: 'Allowed',
  unknown: 'Unknown',
}

/** The worst of several verdicts. */
export function worstOf(several: readonly Verdict[]): Verdict {
  return verdicts.find(verdict => several.includes(verdict)) ?? 'unknown'
}
