/** A fault in the bytes of an MMDB: the file is damaged, or was never one. */
export class BrokenDatabase extends Error {}

// A real record holds some hundred values, a dozen deep. Pointers could blow a few bytes up to
// anything, so what is beyond these bounds counts as damage.
const MOST_VALUES = 65_536
const MOST_DEPTH = 64

const POINTER = 1
const pointerBase = [0, 2_048, 526_336, 0]
// The bits of a pointer that stand in its control byte; a pointer of four bytes has none there.
const pointerBits = [7, 7, 7, 0]

type Cursor = { offset: number; values: number }

/**
 * Decodes values of a section of an MMDB, of all types of the MaxMind DB format 2.0. Integers of 64 and
 * 128 bits are bigints; maps have no prototype. Throws BrokenDatabase where the bytes say nothing valid.
 */
export function mmdbDecoder(section: Uint8Array): (offset: number) => unknown {
  const bytes = Buffer.from(section.buffer, section.byteOffset, section.length)

  return offset => decode({ offset, values: 0 }, 0)

  function decode(cursor: Cursor, depth: number): unknown {
    if (++cursor.values > MOST_VALUES) throw new BrokenDatabase('a record has too many values')
    if (depth > MOST_DEPTH) throw new BrokenDatabase('a record is nested too deeply')
    const at = cursor.offset
    const control = unsigned(cursor, 1)
    if (control >> 5 !== POINTER) return valueOf(cursor, control, depth)
    const size = (control >> 3) & 3
    const high = control & (pointerBits[size] ?? 0)
    const target = (pointerBase[size] ?? 0) + high * 256 ** (size + 1) + unsigned(cursor, size + 1)
    if ((bytes[target] ?? 0) >> 5 === POINTER) {
      throw new BrokenDatabase(`a pointer at ${at} points to a pointer`)
    }
    const pointed = { offset: target, values: cursor.values }
    const value = decode(pointed, depth + 1)
    cursor.values = pointed.values
    return value
  }

  function valueOf(cursor: Cursor, control: number, depth: number): unknown {
    const at = cursor.offset - 1
    // Type 0: the next byte has the type, counted from 7.
    const type = control >> 5 || unsigned(cursor, 1) + 7
    const size = sizeOf(cursor, control & 31)
    switch (type) {
      case 2:
        return bytes.toString('utf8', cursor.offset, skip(cursor, size))
      case 3:
        if (size !== 8) throw new BrokenDatabase(`a double at ${at} has ${size} bytes`)
        return bytes.readDoubleBE(skip(cursor, 8) - 8)
      case 4:
        return bytes.subarray(cursor.offset, skip(cursor, size))
      case 5:
        return unsigned(cursor, within(size, 2, at))
      case 6:
        return unsigned(cursor, within(size, 4, at))
      case 7:
        return mapOf(cursor, size, depth)
      case 8:
        return unsigned(cursor, within(size, 4, at)) | 0
      case 9:
        return bigUnsigned(cursor, within(size, 8, at))
      case 10:
        return bigUnsigned(cursor, within(size, 16, at))
      case 11:
        return arrayOf(cursor, size, depth)
      case 14:
        return within(size, 1, at) === 1
      case 15:
        if (size !== 4) throw new BrokenDatabase(`a float at ${at} has ${size} bytes`)
        return bytes.readFloatBE(skip(cursor, 4) - 4)
      default:
        throw new BrokenDatabase(`a value at ${at} has the type ${type}, which there is not`)
    }
  }

  function mapOf(cursor: Cursor, size: number, depth: number): unknown {
    const map: Record<string, unknown> = Object.create(null)
    for (let entry = 0; entry < size; entry++) {
      const key = decode(cursor, depth + 1)
      if (typeof key !== 'string') throw new BrokenDatabase('a map has a key that is no text')
      map[key] = decode(cursor, depth + 1)
    }
    return map
  }

  function arrayOf(cursor: Cursor, size: number, depth: number): unknown[] {
    // Grows as it is read: a damaged size must not reserve memory.
    const array: unknown[] = []
    while (array.length < size) array.push(decode(cursor, depth + 1))
    return array
  }

  function sizeOf(cursor: Cursor, size: number): number {
    if (size < 29) return size
    if (size === 29) return 29 + unsigned(cursor, 1)
    if (size === 30) return 285 + unsigned(cursor, 2)
    return 65_821 + unsigned(cursor, 3)
  }

  function unsigned(cursor: Cursor, size: number): number {
    return size === 0 ? 0 : bytes.readUIntBE(skip(cursor, size) - size, size)
  }

  function bigUnsigned(cursor: Cursor, size: number): bigint {
    const hex = bytes.toString('hex', cursor.offset, skip(cursor, size))
    return size === 0 ? 0n : BigInt(`0x${hex}`)
  }

  /** Answers where the value ends. */
  function skip(cursor: Cursor, size: number): number {
    cursor.offset += size
    if (cursor.offset > bytes.length) throw new BrokenDatabase('a value goes beyond the data')
    // Long texts count as many values: pointers could repeat one of megabytes.
    cursor.values += size >>> 6
    return cursor.offset
  }
}

function within(size: number, most: number, at: number): number {
  if (size > most) throw new BrokenDatabase(`a value at ${at} has ${size} bytes instead of ${most}`)
  return size
}
