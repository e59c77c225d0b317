import type { Lookup } from './locate.ts'

export const MOST_ADDRESSES = 1_000
export const MOST_BODY_BYTES = 128 * 1024

/** The body of a batch. Answers what is wrong with it, and whether it is just too much. */
export function parseBatch(
  body: string,
):
  | { readonly addresses: readonly string[] }
  | { readonly error: string; readonly isTooLong: boolean } {
  const example = 'use {"addresses": ["192.0.2.1"]}'
  let content: unknown
  try {
    content = JSON.parse(body)
  } catch {
    return { error: `body: it is no JSON; ${example}`, isTooLong: false }
  }
  const addresses: unknown =
    typeof content === 'object' && content !== null && 'addresses' in content
      ? content.addresses
      : undefined
  if (!Array.isArray(addresses) || !addresses.every(address => typeof address === 'string')) {
    return { error: `addresses: it is no list of texts; ${example}`, isTooLong: false }
  }
  if (addresses.length > MOST_ADDRESSES) {
    return { error: `addresses: use ${MOST_ADDRESSES} or less`, isTooLong: true }
  }
  return { addresses }
}

/** What is known about the address, flat; else why nothing is. */
export function locationOf(
  address: string,
  { result, place, network }: Lookup,
): { readonly status: 200 | 400 | 404; readonly body: Readonly<Record<string, unknown>> } {
  if (place || network) return { status: 200, body: { address, ...place, ...network } }
  const error = (status: 400 | 404, text: string) => ({
    status,
    body: { error: `address: ${address} ${text}` },
  })
  if (result === 'invalid' || result === 'folded') return error(400, 'is no IP address')
  if (result === 'unknown') return error(404, 'is not in the database')
  return error(404, `is ${result}, which has no place`)
}
