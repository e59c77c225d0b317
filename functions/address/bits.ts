/** The 32 bits of an IPv4 address; -1 for text that is none, as one of IPv6 is from its first colon on. */
export function v4Bits(text: string): number {
  return v4BitsFrom(text, 0)
}

/**
 * Writes the 128 bits of an IPv6 address into `words`, highest first; false for text that is none.
 * A zone (`%eth0`) is none: only one host knows what it means.
 */
export function v6Words(text: string, words: Uint32Array): boolean {
  words.fill(0)
  let groups = 0
  let gapAt = -1
  let at = 0
  if (text.startsWith('::')) {
    gapAt = 0
    at = 2
  }
  while (at < text.length) {
    let group = 0
    let digits = 0
    const from = at
    for (let digit = 0; (digit = hexDigit(text.charCodeAt(at))) >= 0; at++, digits++) {
      group = group * 16 + digit
    }
    if (text.charCodeAt(at) === DOT) {
      const bits = v4BitsFrom(text, from)
      if (bits < 0 || groups > 6) return false
      setGroup(words, groups++, bits >>> 16)
      setGroup(words, groups++, bits & 0xffff)
      break
    }
    if (digits === 0 || digits > 4 || groups > 7) return false
    setGroup(words, groups++, group)
    if (at === text.length) break
    if (text.charCodeAt(at++) !== COLON) return false
    if (text.charCodeAt(at) === COLON) {
      if (gapAt >= 0) return false
      gapAt = groups
      at++
    } else if (at === text.length) return false
  }
  if (gapAt < 0) return groups === 8
  return groups < 8 && openGap(words, gapAt, groups)
}

const DOT = 46
const COLON = 58

/** Moves what stands behind `::` to the end. */
function openGap(words: Uint32Array, gapAt: number, groups: number): true {
  for (let moved = 1; moved <= groups - gapAt; moved++) {
    const from = groups - moved
    const group = groupOf(words, from)
    setGroup(words, from, 0)
    setGroup(words, 8 - moved, group)
  }
  return true
}

function groupOf(words: Uint32Array, group: number): number {
  const word = words[group >> 1] ?? 0
  return group & 1 ? word & 0xffff : word >>> 16
}

function setGroup(words: Uint32Array, group: number, value: number): void {
  const word = words[group >> 1] ?? 0
  words[group >> 1] = group & 1 ? (word & 0xffff0000) | value : (word & 0xffff) | (value << 16)
}

/** The bits of the dotted address from `at` to the end of the text; -1 for text that is none. */
function v4BitsFrom(text: string, at: number): number {
  let bits = 0
  let octet = 0
  let digits = 0
  let dots = 0
  for (; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 48
    if (digit >= 0 && digit <= 9) {
      // A leading zero is read as octal by some: such text is no address.
      if (digits > 0 && octet === 0) return -1
      octet = octet * 10 + digit
      digits++
      if (octet > 255) return -1
    } else {
      if (digit !== DOT - 48 || digits === 0 || ++dots > 3) return -1
      bits = (bits << 8) | octet
      octet = digits = 0
    }
  }
  return dots === 3 && digits > 0 ? ((bits << 8) | octet) >>> 0 : -1
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  const letter = code | 32
  return letter >= 97 && letter <= 102 ? letter - 87 : -1
}
