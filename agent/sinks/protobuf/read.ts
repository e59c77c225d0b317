/** A field of a message: a number (of 64 bits at most, rounded above 2^53), or bytes that are a text or a message. */
type Field = { readonly number: number; readonly value: number | Uint8Array }

/**
 * The fields of a protobuf message, as they come. What was cut off at its end is given as far as it is
 * there, and what is no message ends early: answers come from strangers.
 */
function* fieldsIn(bytes: Uint8Array): Generator<Field> {
  let at = 0
  while (at < bytes.length) {
    const tag = varint()
    const number = Math.floor(tag / 8)
    const wireType = tag % 8
    if (wireType === 0) yield { number, value: varint() }
    else if (wireType === 2) {
      const length = varint()
      yield { number, value: bytes.subarray(at, at + length) }
      at += length
    } else if (wireType === 1) at += 8
    else if (wireType === 5) at += 4
    else return
  }

  function varint(): number {
    let value = 0
    for (let factor = 1; at < bytes.length; factor *= 0x80) {
      const byte = bytes[at++] ?? 0
      value += (byte % 0x80) * factor
      if (byte < 0x80) break
    }
    return value
  }
}

/** The bytes of every field of this number. */
export function partsIn(bytes: Uint8Array, number: number): Uint8Array[] {
  return [...fieldsIn(bytes)].flatMap(field =>
    field.number === number && typeof field.value !== 'number' ? [field.value] : [],
  )
}

/** Of several the last counts, as protobuf wants it; 0 where there is none. */
export function numberIn(bytes: Uint8Array, number: number): number {
  let found = 0
  for (const field of fieldsIn(bytes))
    if (field.number === number && typeof field.value === 'number') found = field.value
  return found
}

export function textIn(bytes: Uint8Array, number: number): string {
  return Buffer.from(partsIn(bytes, number).at(-1) ?? []).toString()
}
