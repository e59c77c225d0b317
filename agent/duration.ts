import { z } from 'zod'

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** A setting such as `10s` or `2m`, parsed into milliseconds; `least` and `most` are durations too. */
export function duration(least: string, most: string) {
  const error = `write a number with a unit, such as 10s or 2m, from ${least} to ${most}`
  const leastMs = toMs(least) ?? 0
  const mostMs = toMs(most) ?? Infinity
  return z
    .string({ error })
    .regex(/^\d+(?:ms|s|m|h)$/, { error })
    .transform((text, context) => {
      const ms = toMs(text)
      if (ms !== undefined && ms >= leastMs && ms <= mostMs) return ms
      context.addIssue({ code: 'custom', message: error })
      return z.NEVER
    })
}

function toMs(text: string): number | undefined {
  const [, amount, unit = ''] = /^(\d+)(ms|s|m|h)$/.exec(text) ?? []
  const unitMs = UNITS_MS[unit]
  return unitMs === undefined ? undefined : Number(amount) * unitMs
}
