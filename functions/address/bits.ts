/** The 32 bits of an IPv4 address; -1 for text that is none, as one of IPv6 is from its first colon on. */
export function v4Bits(text: string): number {
  return v4BitsFrom(text, 0)
}

/**
 * Writes the 128 bits of an IPv6 address into `words`, highest first; false for text that is none.
 * A zone (`%eth0`) is none: only one host knows what it means.
 */
export function v6Words(text: string, words: Uint32Array): boolean {
  const { length } = text
  let group = 0
  let digits = 0
  let groups = 0
  let gapAt = -1
  let at = 0
  if (text.startsWith('::')) {
    gapAt = 0
    at = 2
  }
  for (; at < length; at++) {
    const digit = digitOf[text.charCodeAt(at)] ?? NONE
    if (digit >= 0) {
      group = (group << 4) | digit
      digits++
    } else if (digit === COLON) {
      if (digits === 0 || digits > 4 || groups > 6 || at + 1 === length) return false
      parts[groups++] = group
      group = digits = 0
      if (text.charCodeAt(at + 1) !== COLON_CODE) continue
      if (gapAt >= 0) return false
      gapAt = groups
      at++
    } else if (digit === DOT) {
      const bits = v4BitsFrom(text, at - digits)
      if (bits < 0 || groups > 6) return false
      parts[groups++] = bits >>> 16
      parts[groups++] = bits & 0xffff
      digits = 0
      break
    } else return false
  }
  if (digits > 4) return false
  if (digits > 0) {
    if (groups > 7) return false
    parts[groups++] = group
  }
  if (gapAt < 0 ? groups !== 8 : groups > 7) return false
  if (gapAt >= 0) openGap(gapAt, groups)
  for (let word = 0; word < 4; word++) {
    words[word] = ((parts[2 * word] ?? 0) << 16) | (parts[2 * word + 1] ?? 0)
  }
  return true
}

/**
 * Writes the higher 64 bits of an IPv6 address, as two words; false for one whose text tells them in the
 * first half not group by group (`2001:db8::1`). What stands behind them is not looked at.
 */
export function v6FirstHalf(text: string, words: Uint32Array): boolean {
  let group = 0
  let high = 0
  let groups = 0
  for (let at = 0; at < text.length; at++) {
    const digit = digitOf[text.charCodeAt(at)] ?? NONE
    if (digit >= 0) group = (group << 4) | digit
    else {
      // A gap behind the fourth group has its colon there and is none of the first half.
      if (digit !== COLON || at === 0 || text.charCodeAt(at - 1) === COLON_CODE) return false
      if ((groups & 1) === 0) high = group
      else words[groups >>> 1] = (high << 16) | group
      if (groups++ === 3) return true
      group = 0
    }
  }
  return false
}

/** The groups of the address that is read. */
const parts = new Uint16Array(8)

const DOT_CODE = 46
const COLON_CODE = 58

const NONE = -1
const COLON = -2
const DOT = -3

/** By the code of a character: a branch for digits and one for letters would be guessed wrong too often. */
const digitOf = Int8Array.from({ length: 128 }, (_, code) => {
  if (code === COLON_CODE) return COLON
  if (code === DOT_CODE) return DOT
  return '0123456789abcdef'.indexOf(String.fromCharCode(code).toLowerCase())
})

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
      if (digit !== DOT_CODE - 48 || digits === 0 || ++dots > 3) return -1
      bits = (bits << 8) | octet
      octet = digits = 0
    }
  }
  return dots === 3 && digits > 0 ? ((bits << 8) | octet) >>> 0 : -1
}
