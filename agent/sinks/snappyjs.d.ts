declare module 'snappyjs' {
  /** Snappy block format. */
  export function compress(uncompressed: Uint8Array): Uint8Array
}
