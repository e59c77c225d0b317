import { varintBytes, writeVarint } from './varint.ts'

// Parts of protobuf messages as bytes of their own, for what is written rarely and copied often.
// A tag is the number of a field << 3 | 0 (varint) or 2 (length-delimited); ours fit one byte.

export function textField(tag: number, text: string): Uint8Array {
  return messageField(tag, [Buffer.from(text)])
}

/** A message within a message, or any bytes, with its length before it. */
export function messageField(tag: number, parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  return Buffer.concat([varintField(tag, length), ...parts])
}

export function varintField(tag: number, value: number): Uint8Array {
  const bytes = new Uint8Array(1 + varintBytes(value))
  bytes[0] = tag
  writeVarint(bytes, 1, value)
  return bytes
}
