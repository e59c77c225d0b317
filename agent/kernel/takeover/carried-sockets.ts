import { factsOf } from '../system/fdinfo.ts'
import { loadLibbpf } from '../system/libbpf.ts'
import { fieldCopier, type Fields } from '../object/type-fields.ts'

/** A table of sockets (bpf/socket_table.h), and where in a slot what is. */
export type SocketTable = {
  readonly maps: Readonly<Record<string, number>>
  readonly fields: Fields
}

// bpf/socket_table.h
const BUCKET_SIZE = 8
const FIRST_BUCKETS = 64n
const CLOSED_COOKIE = 1n << 63n

/**
 * Puts the sockets of tables of another size or layout into an empty one; of a socket that stands in two,
 * what the first says. No program may run over any of them. A socket for which there is no room is one
 * that the programs do not know.
 */
export function carrySockets(from: readonly SocketTable[], to: SocketTable): void {
  const libbpf = loadLibbpf()
  const target = words(to.maps['socket_slots'])
  const put = bucketFiller(factsOf(to.maps['socket_buckets'] ?? -1)('max_entries'))
  const seen = new Set<bigint>()
  for (const table of from) {
    const copy = fieldCopier(table.fields, to.fields, () => true)
    const source = words(table.maps['socket_slots'])
    for (const [place, cookie] of openSockets(table)) {
      const newPlace = seen.has(cookie) ? undefined : put.place(cookie)
      seen.add(cookie)
      if (newPlace === undefined) continue
      libbpf.lookup(table.maps['socket_slots'] ?? -1, Uint32Array.of(place), source)
      copy(new DataView(source.buffer), 0, new DataView(target.buffer), 0)
      libbpf.update(to.maps['socket_slots'] ?? -1, Uint32Array.of(newPlace), target)
    }
  }
  for (const [index, cookies] of put.filled) {
    const bucket = new Uint32Array(cookies.buffer)
    libbpf.update(to.maps['socket_buckets'] ?? -1, Uint32Array.of(index), bucket)
  }
}

function* openSockets({ maps }: SocketTable): Generator<readonly [place: number, cookie: bigint]> {
  const fd = maps['socket_buckets'] ?? -1
  const bucket = new Uint32Array(2 * BUCKET_SIZE)
  const count = factsOf(fd)('max_entries')
  for (let index = 0; index < count; index++) {
    loadLibbpf().lookup(fd, Uint32Array.of(index), bucket)
    for (const [at, cookie] of new BigUint64Array(bucket.buffer).entries()) {
      if (cookie !== 0n && cookie < CLOSED_COOKIE) yield [index * BUCKET_SIZE + at, cookie]
    }
  }
}

/** Chooses places where the programs look: in the first of four buckets that has room. */
function bucketFiller(bucketCount: number) {
  const filled = new Map<number, BigUint64Array<ArrayBuffer>>()
  const room = (index: number) => filled.get(index)?.indexOf(0n) ?? 0
  return {
    filled,
    place: (cookie: bigint): number | undefined => {
      const index = bucketsOf(cookie, bucketCount).find(candidate => room(candidate) >= 0)
      if (index === undefined) return undefined
      const at = room(index)
      const bucket = filled.get(index) ?? new BigUint64Array(BUCKET_SIZE)
      bucket[at] = cookie
      filled.set(index, bucket)
      return index * BUCKET_SIZE + at
    },
  }
}

/** As `bucket_index` in bpf/socket_table.h. */
function bucketsOf(cookie: bigint, bucketCount: number): number[] {
  const mask = BigInt(bucketCount - 1)
  const number = cookie / BigInt(BUCKET_SIZE)
  const hash = BigInt.asUintN(64, cookie * 0x9e37_79b9_7f4a_7c15n)
  const others = [number, hash >> 40n, hash >> 16n]
    .map(choice => choice & mask)
    .map(index => (index < FIRST_BUCKETS ? index | FIRST_BUCKETS : index))
  return [number % FIRST_BUCKETS, ...others].map(index => Number(index & mask))
}

function words(fd = -1): Uint32Array<ArrayBuffer> {
  return new Uint32Array(factsOf(fd)('value_size') / 4)
}
