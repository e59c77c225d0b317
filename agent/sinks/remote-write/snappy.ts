import { SnappyCompressor } from 'snappyjs/snappy_compressor.js'

// One each for all requests: a megabyte for each would be more garbage than all else of a tick.
let plain = Buffer.alloc(0)
let packed = Buffer.alloc(0)

/** Receivers refuse more than this before compression: Prometheus since 3.8.1, storage/remote/write_handler.go. */
export const MAX_PLAIN_BYTES = 32 * 1_024 * 1_024

/** So many bytes to write a request into; they are used again by the next one. */
export function plainBytes(length: number): Buffer {
  if (plain.length < length) plain = Buffer.alloc(length)
  return plain.subarray(0, length)
}

/** In snappy block format. A copy, because a request that fails is sent again. */
export function compressed(bytes: Uint8Array): Uint8Array {
  const compressor = new SnappyCompressor(bytes)
  const most = compressor.maxCompressedLength()
  if (packed.length < most) packed = Buffer.alloc(most)
  return Uint8Array.from(packed.subarray(0, compressor.compressToBuffer(packed)))
}
