const DECIMAL = Array.from({ length: 256 }, (_, byte) => `${byte}`)
const HEX_DIGITS = new TextEncoder().encode('0123456789abcdef')
const COLON = 0x3a
const GROUPS = 8
// Pieces of text put together keep all of them in memory: the text is written here and copied once.
const scratch = Buffer.alloc(39)

/**
 * Canonical text of the 16-byte address at `start`: dotted if it is v4-mapped, else by RFC 5952. It
 * is most of what decoding a flow costs, hence no arrays: they take ten times as long.
 */
export function formatAddress(view: DataView, start: number): string {
  return isV4Mapped(view, start) ? formatV4(view, start + 12) : formatV6(view, start)
}

function isV4Mapped(view: DataView, start: number): boolean {
  return (
    view.getUint32(start) === 0 &&
    view.getUint32(start + 4) === 0 &&
    view.getUint32(start + 8) === 0xffff
  )
}

function formatV4(view: DataView, start: number): string {
  const byte = (at: number) => DECIMAL[view.getUint8(start + at)]
  return `${byte(0)}.${byte(1)}.${byte(2)}.${byte(3)}`
}

function formatV6(view: DataView, start: number): string {
  const run = longestZeroRun(view, start)
  const zeros = run >> 4
  const afterZeros = zeros + (run & 15)
  let end = 0
  for (let group = 0; group < GROUPS; group++) {
    if (group < zeros || group >= afterZeros) {
      if (group > 0 && group !== afterZeros) scratch[end++] = COLON
      end = writeHex(view.getUint16(start + 2 * group), end)
    } else if (group === zeros) {
      scratch[end++] = COLON
      scratch[end++] = COLON
    }
  }
  return scratch.toString('latin1', 0, end)
}

/** Without leading zeros. Gives where it ends. */
function writeHex(value: number, start: number): number {
  let end = start
  if (value > 0xfff) scratch[end++] = HEX_DIGITS[value >> 12] ?? 0
  if (value > 0xff) scratch[end++] = HEX_DIGITS[(value >> 8) & 15] ?? 0
  if (value > 0xf) scratch[end++] = HEX_DIGITS[(value >> 4) & 15] ?? 0
  scratch[end++] = HEX_DIGITS[value & 15] ?? 0
  return end
}

/** The first of the longest runs of two or more: its first group × 16 + its length, else 0. */
function longestZeroRun(view: DataView, start: number): number {
  let longest = 0
  let length = 0
  for (let group = 0; group < GROUPS; group++) {
    length = view.getUint16(start + 2 * group) === 0 ? length + 1 : 0
    if (length > Math.max(longest & 15, 1)) longest = ((group + 1 - length) << 4) + length
  }
  return longest
}
