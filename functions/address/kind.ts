import { v4Bits, v6Words } from './bits.ts'

export type AddressKind = 'public' | 'private' | 'loopback' | 'link-local' | 'multicast' | 'special'

type Network = readonly [kind: AddressKind, first: number, prefix: number]

// Documentation networks are missing on purpose: they stand for public hosts in tests and demos.
// IANA special-purpose registries (RFC 6890).
const v4Networks: readonly Network[] = [
  ['loopback', 0x7f000000, 8],
  ['link-local', 0xa9fe0000, 16],
  ['private', 0x0a000000, 8],
  ['private', 0xac100000, 12],
  ['private', 0xc0a80000, 16],
  ['private', 0x64400000, 10],
  ['multicast', 0xe0000000, 4],
  ['special', 0x00000000, 8],
  ['special', 0xc0000000, 24],
  ['special', 0xc6120000, 15],
  ['special', 0xf0000000, 4],
]

/** By the highest 32 bits, and no longer than these. */
const v6Networks: readonly Network[] = [
  ['link-local', 0xfe800000, 10],
  ['private', 0xfc000000, 7],
  ['multicast', 0xff000000, 8],
]

const words = new Uint32Array(4)

/** What kind of network holds the address; undefined for text that is no IP address. */
export function addressKind(address: string): AddressKind | undefined {
  const bits = v4Bits(address)
  if (bits >= 0) return kindOfV4(bits)
  // The zone says which of the host's interfaces, and nothing about the kind.
  const zoneAt = address.indexOf('%')
  if (!v6Words(zoneAt < 0 ? address : address.slice(0, zoneAt), words)) return undefined
  const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = words
  if (w0 === 0 && w1 === 0) {
    if (w2 === 0xffff) return kindOfV4(w3)
    if (w2 === 0 && w3 <= 1) return w3 === 1 ? 'loopback' : 'special'
  }
  return kindIn(v6Networks, w0)
}

function kindOfV4(bits: number): AddressKind {
  return kindIn(v4Networks, bits)
}

function kindIn(networks: readonly Network[], bits: number): AddressKind {
  for (const [kind, first, prefix] of networks) {
    if ((bits ^ first) >>> (32 - prefix) === 0) return kind
  }
  return 'public'
}
