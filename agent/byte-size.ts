import { z } from 'zod'

const UNITS: Readonly<Record<string, number>> = {
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
}

/** A setting such as `512Mi`, parsed into bytes; `least` and `most` are sizes too. */
export function byteSize(least: string, most: string) {
  const error = `write a number with a unit, such as 64Mi or 2Gi, from ${least} to ${most}`
  const [leastBytes, mostBytes] = [toBytes(least) ?? 0, toBytes(most) ?? Infinity]
  return z
    .string({ error })
    .regex(/^\d+(?:Ki|Mi|Gi|Ti)$/, { error })
    .transform((text, context) => {
      const bytes = toBytes(text)
      if (bytes !== undefined && bytes >= leastBytes && bytes <= mostBytes) return bytes
      context.addIssue({ code: 'custom', message: error })
      return z.NEVER
    })
}

function toBytes(text: string): number | undefined {
  const [, amount, unit = ''] = /^(\d+)(Ki|Mi|Gi|Ti)$/.exec(text) ?? []
  const unitBytes = UNITS[unit]
  return unitBytes === undefined ? undefined : Number(amount) * unitBytes
}
