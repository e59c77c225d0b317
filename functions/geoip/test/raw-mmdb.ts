/** A value with its type in the format; text and plain objects and arrays need none. */
export type RawValue =
  | string
  | boolean
  | readonly RawValue[]
  | { readonly [key: string]: RawValue }
  | Buffer
  | Typed
  | Verbatim
class Typed {
  readonly type: number
  readonly bytes: Buffer
  constructor(type: number, bytes: Buffer) {
    this.type = type
    this.bytes = bytes
  }
}
/** Bytes written as they are: what no writer would write. */
export class Verbatim {
  readonly bytes: Buffer
  constructor(...bytes: number[]) {
    this.bytes = Buffer.from(bytes)
  }
}

const integer = (type: number, value: bigint | number) => {
  const hex = BigInt(value).toString(16)
  return new Typed(
    type,
    value ? Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex') : Buffer.alloc(0),
  )
}
export const uint16 = (value: number) => integer(5, value)
export const uint32 = (value: number) => integer(6, value)
export const uint64 = (value: bigint) => integer(9, value)
export const uint128 = (value: bigint) => integer(10, value)
export const int32 = (value: number) => integer(8, value >>> 0)
export function double(value: number): Typed {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(value)
  return new Typed(3, bytes)
}
export function float(value: number): Typed {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatBE(value)
  return new Typed(15, bytes)
}
/** A pointer to an offset of the data section, of 1 to 4 bytes. */
export function pointer(offset: number, size = 4): Verbatim {
  const rest = offset - ([0, 0, 2_048, 526_336, 0][size] ?? 0)
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(size === 4 ? rest : rest % 256 ** size)
  const high = size === 4 ? 0 : Math.floor(rest / 256 ** size)
  return new Verbatim(0x20 | ((size - 1) << 3) | high, ...bytes.subarray(4 - size))
}

function encode(value: RawValue): Buffer {
  if (value instanceof Verbatim) return value.bytes
  if (value instanceof Typed)
    return Buffer.concat([control(value.type, value.bytes.length), value.bytes])
  if (typeof value === 'boolean') return control(14, value ? 1 : 0)
  if (typeof value === 'string') {
    const bytes = Buffer.from(value)
    return Buffer.concat([control(2, bytes.length), bytes])
  }
  if (Buffer.isBuffer(value)) return Buffer.concat([control(4, value.length), value])
  if (Array.isArray(value)) return Buffer.concat([control(11, value.length), ...value.map(encode)])
  const entries = Object.entries(value)
  return Buffer.concat([control(7, entries.length), ...entries.flat().map(encode)])
}

function control(type: number, size: number): Buffer {
  const [low, ...more] = sizeBytes(size)
  // Types from 8 on are written in a byte of their own, counted from 7.
  return type > 7
    ? Buffer.from([low, type - 7, ...more])
    : Buffer.from([(type << 5) | low, ...more])
}

function sizeBytes(size: number): [number, ...number[]] {
  if (size < 29) return [size]
  if (size < 285) return [29, size - 29]
  if (size < 65_821) return [30, (size - 285) >> 8, (size - 285) & 255]
  const rest = size - 65_821
  return [31, rest >> 16, (rest >> 8) & 255, rest & 255]
}

type Child = { node: number } | { offset: number } | undefined
export type RawDatabase = {
  readonly recordBits: 24 | 28 | 32
  readonly ipVersion: 4 | 6
  /** The bits of a network, such as '1010', and its record, or a network's bits that it is an alias of. */
  readonly networks: readonly (readonly [bits: string, record: RawValue | { aliasOf: string }])[]
  readonly metadata?: { readonly [key: string]: RawValue }
  /** Set for children as they are written: what no writer would write. */
  readonly child?: (node: number, bit: number, child: number) => number
}

/** The bytes of a database, written by the specification without any check. */
export function rawMmdb({ recordBits, ipVersion, networks, metadata, child }: RawDatabase): Buffer {
  const nodes: [Child, Child][] = [[undefined, undefined]]
  const data: Buffer[] = []
  let dataBytes = 0
  for (const [bits, record] of networks) {
    let leaf: Child
    if (isAlias(record)) leaf = { node: nodeAt(record.aliasOf) }
    else {
      leaf = { offset: dataBytes }
      const bytes = encode(record)
      data.push(bytes)
      dataBytes += bytes.length
    }
    const parent = nodes[nodeAt(bits.slice(0, -1))]
    if (parent) parent[bits.endsWith('1') ? 1 : 0] = leaf
  }
  const tree = Buffer.concat(
    nodes.map((pair, node) => {
      const [left, right] = pair.map((to, bit) => {
        const written = !to ? nodes.length : 'node' in to ? to.node : nodes.length + 16 + to.offset
        return child?.(node, bit, written) ?? written
      })
      return nodeBytes(recordBits, left ?? 0, right ?? 0)
    }),
  )
  const about = {
    binary_format_major_version: uint16(2),
    binary_format_minor_version: uint16(0),
    build_epoch: uint64(1_780_000_000n),
    database_type: 'Test-City',
    description: { en: 'Written by a test' },
    ip_version: uint16(ipVersion),
    languages: ['en'],
    node_count: uint32(nodes.length),
    record_size: uint16(recordBits),
    ...metadata,
  }
  const marker = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1')
  return Buffer.concat([tree, Buffer.alloc(16), ...data, marker, encode(about)])

  /** The node that the bits lead to, made where it is not there. */
  function nodeAt(bits: string): number {
    let at = 0
    for (const bit of bits) {
      const pair = nodes[at]
      const next = pair?.[bit === '1' ? 1 : 0]
      if (next && 'node' in next) at = next.node
      else {
        const made = nodes.push([undefined, undefined]) - 1
        if (pair) pair[bit === '1' ? 1 : 0] = { node: made }
        at = made
      }
    }
    return at
  }
}

function isAlias(record: RawValue | { aliasOf: string }): record is { aliasOf: string } {
  return typeof record === 'object' && 'aliasOf' in record
}

function nodeBytes(recordBits: 24 | 28 | 32, left: number, right: number): Buffer {
  if (recordBits === 24) return Buffer.from(digitsOf(left, 6) + digitsOf(right, 6), 'hex')
  if (recordBits === 32) return Buffer.from(digitsOf(left, 8) + digitsOf(right, 8), 'hex')
  const [leftHex, rightHex] = [digitsOf(left, 7), digitsOf(right, 7)]
  return Buffer.from(leftHex.slice(1) + leftHex[0] + rightHex[0] + rightHex.slice(1), 'hex')
}

/** A network as the bits of its prefix; IPv4 within IPv6 is written with 96 zeros before it. */
export function bitsOf(bytes: readonly number[], length: number): string {
  return bytes
    .map(byte => byte.toString(2).padStart(8, '0'))
    .join('')
    .slice(0, length)
}

function digitsOf(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}
