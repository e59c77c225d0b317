import { isIPv4 } from 'node:net'
import { canonicalAddress } from './canonical.ts'

export type Network = {
  readonly family: 4 | 6
  readonly prefix: number
  /** The first address, as a number. */
  readonly first: bigint
}

/** A network such as `10.244.1.0/24`; bits beyond the prefix do not count. Undefined for other text. */
export function parseNetwork(text: string): Network | undefined {
  const [, address = '', prefixText = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? []
  const canonical = canonicalAddress(address)
  if (canonical === undefined) return undefined
  const prefix = Number(prefixText)
  if (prefix > widthOf(canonical)) return undefined
  return networkOf(canonical, prefix)
}

/** The network of that size which holds a canonical address. */
export function networkOf(address: string, prefix: number): Network {
  const hostBits = BigInt(widthOf(address) - prefix)
  return {
    family: isIPv4(address) ? 4 : 6,
    prefix,
    first: (numberOf(address) >> hostBits) << hostBits,
  }
}

/** Networks that are equal have the same key. */
export function networkKey({ family, prefix, first }: Network): string {
  return `${family}/${prefix}/${first}`
}

/** Canonical text of the network's last address. */
export function lastAddress({ family, prefix, first }: Network): string {
  const width = family === 4 ? 32 : 128
  const last = first | ((1n << BigInt(width - prefix)) - 1n)
  const groups =
    family === 4
      ? partsOf(last, 4, 8).map(String).join('.')
      : partsOf(last, 8, 16)
          .map(group => group.toString(16))
          .join(':')
  return canonicalAddress(groups) ?? groups
}

function widthOf(address: string): number {
  return isIPv4(address) ? 32 : 128
}

function numberOf(address: string): bigint {
  if (isIPv4(address)) return fold(address.split('.').map(Number), 8n)
  const [head = '', tail] = address.split('::')
  const before = groupsOf(head)
  const after = groupsOf(tail ?? '')
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0)
  return fold([...before, ...zeros, ...after], 16n)
}

function groupsOf(text: string): number[] {
  return text === '' ? [] : text.split(':').map(group => Number.parseInt(group, 16))
}

function fold(groups: readonly number[], bits: bigint): bigint {
  return groups.reduce((sum, group) => (sum << bits) | BigInt(group), 0n)
}

function partsOf(value: bigint, groups: number, bits: number): number[] {
  return Array.from({ length: groups }, (_, index) =>
    Number((value >> BigInt((groups - 1 - index) * bits)) & ((1n << BigInt(bits)) - 1n)),
  )
}
