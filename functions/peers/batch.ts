import { z } from 'zod'
import { canonicalAddress } from '../address/canonical.ts'

const mostAddresses = 10_000

const Batch = z.strictObject({
  addresses: z
    .array(
      z.string().transform((text, context) => {
        const address = canonicalAddress(text)
        if (address !== undefined) return address
        context.addIssue({ code: 'custom', message: `${text} is no IP address` })
        return z.NEVER
      }),
    )
    .max(mostAddresses, `use ${mostAddresses} addresses or less`),
})

/** Reads `{"addresses": ["10.0.0.1"]}`; gives canonical text, in that order, or all faults. */
export function parseBatch(body: string): { addresses: readonly string[] } | { error: string } {
  const parsed = Batch.safeParse(parseJson(body))
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.slice(0, 10).map(describe)
  return { error: faults.join('; ') }
}

function describe({ path, message }: z.core.$ZodIssue): string {
  return `${path.join('.') || 'body'}: ${message}`
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
