/** Sums by key, where a key is a list of texts. */
export type SumTable = {
  /** How many keys there are. They are numbered in the order in which they came. */
  readonly size: () => number
  /** Adds to the sum of a key that is there. A new one is taken if `isWanted`; else the answer is false. */
  readonly add: (key: Key, value: number, isWanted: (value: number) => boolean) => boolean
  /** Of all keys, by number; not to be kept. */
  readonly sums: () => Float64Array
  readonly keyAt: (number: number) => string[]
  /** Forgets the keys that are not to stay. Those that do get new numbers, in the same order. */
  readonly keep: (stays: (number: number) => boolean) => void
  readonly clear: () => void
}

type Key = readonly (string | undefined)[]

const SEPARATOR = 0

/**
 * A hash table in typed arrays, which are used again after `clear`. A map of texts costs nothing by
 * itself; but what stays of a million texts for a while, V8 copies into its old generation and collects
 * late: 50 MB for 20,000 keys.
 */
export function sumTable(): SumTable {
  // Who can choose keys cannot know which of them collide.
  const seed = Math.trunc(Math.random() * 2 ** 32)
  let count = 0
  let hashes = new Uint32Array(512)
  let sums = new Float64Array(512)
  /** The texts of all keys, one behind the other; each text of a key ends with a separator. */
  let units = new Uint16Array(512 * 64)
  /** Where the texts of a key begin, and behind the last one where the next ones will. */
  let begins = new Uint32Array(512 + 1)
  /** Numbers of keys, plus one, where their hashes point to or the next free place behind; half of them at least are 0. */
  let slots = new Uint32Array(1_024)

  return {
    size: () => count,
    add: (key, value, isWanted) => {
      if (count === hashes.length) grow()
      const end = write(key)
      const hash = hashOf(begins[count] ?? 0, end)
      let slot = hash & (slots.length - 1)
      for (let taken = 0; (taken = slots[slot] ?? 0) > 0; slot = (slot + 1) & (slots.length - 1)) {
        if (hashes[taken - 1] !== hash || !isWritten(taken - 1, end)) continue
        sums[taken - 1] = (sums[taken - 1] ?? 0) + value
        return true
      }
      if (!isWanted(value)) return false
      hashes[count] = hash
      sums[count] = value
      begins[++count] = end
      slots[slot] = count
      return true
    },
    sums: () => sums.subarray(0, count),
    keyAt: number => {
      const [begin = 0, end = 0] = begins.subarray(number, number + 2)
      const texts = Buffer.from(units.buffer, 2 * begin, 2 * (end - begin - 1)).toString('utf16le')
      return texts.split('\0')
    },
    keep: stays => {
      const before = count
      count = 0
      for (let number = 0; number < before; number++) {
        if (!stays(number)) continue
        const [begin = 0, end = 0] = begins.subarray(number, number + 2)
        const to = begins[count] ?? 0
        units.copyWithin(to, begin, end)
        hashes[count] = hashes[number] ?? 0
        sums[count] = sums[number] ?? 0
        begins[++count] = to + end - begin
      }
      fillSlots()
    },
    clear: () => {
      count = 0
      slots.fill(0)
    },
  }

  /** Puts the texts of a key behind all others, and answers where they end. */
  function write(key: Key): number {
    let end = begins[count] ?? 0
    for (const text of key) {
      const length = text?.length ?? 0
      while (end + length >= units.length) units = copied(units, new Uint16Array(2 * units.length))
      for (let at = 0; at < length; at++) units[end++] = text?.charCodeAt(at) ?? 0
      units[end++] = SEPARATOR
    }
    return end
  }

  function hashOf(begin: number, end: number): number {
    let hash = seed
    for (let at = begin; at < end; at++) hash = Math.imul(hash ^ (units[at] ?? 0), 0x01000193)
    return (hash ^ (hash >>> 15)) >>> 0
  }

  /** Whether the key of that number is the one that was written last. */
  function isWritten(number: number, end: number): boolean {
    const last = begins[count] ?? 0
    const begin = begins[number] ?? 0
    const length = end - last
    if ((begins[number + 1] ?? 0) - begin !== length) return false
    for (let at = 0; at < length; at++) if (units[begin + at] !== units[last + at]) return false
    return true
  }

  function grow(): void {
    const room = 2 * count
    hashes = copied(hashes, new Uint32Array(room))
    sums = copied(sums, new Float64Array(room))
    begins = copied(begins, new Uint32Array(room + 1))
    slots = new Uint32Array(2 * room)
    fillSlots()
  }

  function fillSlots(): void {
    slots.fill(0)
    for (let number = 0; number < count; number++) {
      let slot = (hashes[number] ?? 0) & (slots.length - 1)
      while ((slots[slot] ?? 0) > 0) slot = (slot + 1) & (slots.length - 1)
      slots[slot] = number + 1
    }
  }
}

function copied<Numbers extends Uint16Array | Uint32Array | Float64Array>(
  from: Numbers,
  to: Numbers,
): Numbers {
  to.set(from)
  return to
}
