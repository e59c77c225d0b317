const V6_GROUPS = 8

/** The network of an address in canonical text: /24 of IPv4, /48 of IPv6, as canonical text. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return `${address.slice(0, address.lastIndexOf('.'))}.0/24`
  const prefix = groupsOf(address).slice(0, 3)
  while (prefix.at(-1) === '0') prefix.pop()
  return `${prefix.join(':')}::/48`
}

function groupsOf(address: string): string[] {
  const [head = [], tail = []] = address.split('::').map(part => (part ? part.split(':') : []))
  const zeros = Array.from({ length: V6_GROUPS - head.length - tail.length }, () => '0')
  return [...head, ...zeros, ...tail]
}
