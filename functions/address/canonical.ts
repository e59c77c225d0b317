import { isIPv4, isIPv6 } from 'node:net'

const v4Mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/

/**
 * The one text of an address, the same as the agent's: RFC 5952, and dotted if it is v4-mapped.
 * Undefined for text that is no address, and for a zone (`fe80::1%eth0`), which only one host knows.
 */
export function canonicalAddress(text: string): string | undefined {
  if (isIPv4(text)) return text
  if (!isIPv6(text) || text.includes('%')) return undefined
  // The URL standard writes addresses by RFC 5952, but for mapped ones.
  const canonical = new URL(`http://[${text}]`).hostname.slice(1, -1)
  const mapped = v4Mapped.exec(canonical)
  return mapped ? dotted(mapped) : canonical
}

function dotted(groups: readonly string[]): string {
  const [, high = '', low = ''] = groups
  const bits = [high, low].map(group => Number.parseInt(group, 16))
  return bits.flatMap(group => [group >> 8, group & 0xff]).join('.')
}
