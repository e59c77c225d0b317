declare module 'snappyjs' {
  /** Snappy block format. */
  export function compress(uncompressed: Uint8Array): Uint8Array
}

declare module 'snappyjs/snappy_compressor.js' {
  /** What `compress` is made of; the caller has the buffer. */
  export class SnappyCompressor {
    constructor(uncompressed: Uint8Array)
    maxCompressedLength(): number
    /** Gives the length. */
    compressToBuffer(compressed: Uint8Array): number
  }
}
