/** Writes a protobuf varint at `start`. Gives where it ends. */
export function writeVarint(bytes: Uint8Array, start: number, value: number): number {
  let at = start
  let rest = value
  // Not by shifts: those cut to 32 bits, and a timestamp in ms has 41.
  while (rest >= 0x80) {
    bytes[at++] = (rest % 0x80) | 0x80
    rest = Math.floor(rest / 0x80)
  }
  bytes[at++] = rest
  return at
}

export function varintBytes(value: number): number {
  let count = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) count++
  return count
}

/** Bytes of a length-delimited field without its tag. */
export function lengthAndBytes(length: number): number {
  return varintBytes(length) + length
}
