/** The 32 bits of an IPv4 address; -1 for text that is none, as one of IPv6 is from its first colon on. */
export function v4Bits(text: string): number {
  return v4BitsFrom(text, 0)
}

/**
 * Writes the 128 bits of an IPv6 address into `words`, highest first; false for text that is none.
 * A zone (`%eth0`) is none: only one host knows what it means.
 */
export function v6Words(text: string, words: Uint32Array): boolean {
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
      parts[groups++] = bits >>> 16
      parts[groups++] = bits & 0xffff
      break
    }
    if (digits === 0 || digits > 4 || groups > 7) return false
    parts[groups++] = group
    if (at === text.length) break
    if (text.charCodeAt(at++) !== COLON) return false
    if (text.charCodeAt(at) === COLON) {
      if (gapAt >= 0) return false
      gapAt = groups
      at++
    } else if (at === text.length) return false
  }
  if (gapAt < 0 ? groups !== 8 : groups > 7) return false
  if (gapAt >= 0) openGap(gapAt, groups)
  for (let word = 0; word < 4; word++) {
    words[word] = ((parts[2 * word] ?? 0) << 16) | (parts[2 * word + 1] ?? 0)
  }
  return true
}

/** The groups of the address that is read. */
const parts = new Uint16Array(8)

const DOT = 46
const COLON = 58

/** Moves what stands behind `::` to the end. */
function openGap(gapAt: number, groups: number): void {
  parts.copyWithin(8 - groups + gapAt, gapAt, groups)
  parts.fill(0, gapAt, 8 - groups + gapAt)
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
