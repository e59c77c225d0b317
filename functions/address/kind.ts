import { BlockList, isIP, isIPv6 } from 'node:net'

export type AddressKind = 'public' | 'private' | 'loopback' | 'link-local' | 'multicast' | 'special'

// Documentation networks are missing on purpose: they stand for public hosts in tests and demos.
// IANA special-purpose registries (RFC 6890); the first kind that holds an address wins.
const networks: readonly (readonly [AddressKind, readonly string[]])[] = [
  ['loopback', ['127.0.0.0/8', '::1/128']],
  ['link-local', ['169.254.0.0/16', 'fe80::/10']],
  ['private', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7']],
  ['multicast', ['224.0.0.0/4', 'ff00::/8']],
  ['special', ['0.0.0.0/8', '192.0.0.0/24', '198.18.0.0/15', '240.0.0.0/4', '::/128']],
]

const lists = networks.map(([kind, subnets]) => [kind, blockList(subnets)] as const)

/** What kind of network holds the address; undefined for text that is no IP address. */
export function addressKind(address: string): AddressKind | undefined {
  if (isIP(address) === 0) return undefined
  const family = isIPv6(address) ? 'ipv6' : 'ipv4'
  return lists.find(([, list]) => list.check(address, family))?.[0] ?? 'public'
}

function blockList(subnets: readonly string[]): BlockList {
  const list = new BlockList()
  for (const subnet of subnets) {
    const [network = '', bits] = subnet.split('/')
    list.addSubnet(network, Number(bits), isIPv6(network) ? 'ipv6' : 'ipv4')
  }
  return list
}
