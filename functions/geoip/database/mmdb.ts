import { z } from 'zod'
import { BrokenDatabase, mmdbDecoder } from './mmdb-decode.ts'

const marker = Buffer.from(`\xab\xcd\xefMaxMind.com`, 'latin1')
const SEPARATOR_BYTES = 16

const Metadata = z.object({
  binary_format_major_version: z.literal(2),
  build_epoch: z.bigint(),
  database_type: z.string(),
  ip_version: z.literal([4, 6]),
  node_count: z.int().min(1),
  record_size: z.literal([24, 28, 32]),
})

/** The parts of a MaxMind DB file, format 2.0 (https://maxmind.github.io/MaxMind-DB/). */
export type Mmdb = {
  readonly databaseType: string
  readonly builtAt: Date
  readonly ipVersion: 4 | 6
  readonly nodeCount: number
  /** What a bit 0 or 1 leads to: a node, `nodeCount` for nothing, or `nodeCount` + 16 + an offset in `data`. */
  readonly child: (node: number, bit: number) => number
  readonly data: Uint8Array
}

/** Takes a whole file apart. Throws BrokenDatabase for bytes that are no MMDB, or only a part of one. */
export function parseMmdb(file: Buffer): Mmdb {
  const markerAt = file.lastIndexOf(marker)
  if (markerAt < 0) throw new BrokenDatabase('it is no MMDB, or its end is missing')
  const parsed = Metadata.safeParse(mmdbDecoder(file.subarray(markerAt + marker.length))(0))
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new BrokenDatabase(`its metadata has a wrong ${issue?.path.join('.')}`)
  }
  const { node_count: nodeCount, record_size: recordBits } = parsed.data
  const treeBytes = (nodeCount * recordBits) / 4
  if (treeBytes + SEPARATOR_BYTES > markerAt) {
    throw new BrokenDatabase(`its metadata tells of ${nodeCount} nodes, more than there are`)
  }
  return {
    databaseType: parsed.data.database_type,
    builtAt: new Date(Number(parsed.data.build_epoch) * 1_000),
    ipVersion: parsed.data.ip_version,
    nodeCount,
    child: childReader(file, recordBits),
    data: file.subarray(treeBytes + SEPARATOR_BYTES, markerAt),
  }
}

function childReader(file: Buffer, recordBits: 24 | 28 | 32): Mmdb['child'] {
  const at = (offset: number) => file[offset] ?? 0
  const three = (offset: number) => (at(offset) << 16) | (at(offset + 1) << 8) | at(offset + 2)
  if (recordBits === 24) return (node, bit) => three(node * 6 + bit * 3)
  if (recordBits === 32) {
    return (node, bit) => three(node * 8 + bit * 4) * 256 + at(node * 8 + bit * 4 + 3)
  }
  // The middle byte has the highest four bits of both.
  return (node, bit) => {
    const middle = at(node * 7 + 3)
    const high = bit === 0 ? middle >> 4 : middle & 15
    return high * 2 ** 24 + three(node * 7 + bit * 4)
  }
}
