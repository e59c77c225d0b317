/** Canonical text of the 16-byte address at `start`: dotted if it is v4-mapped, else by RFC 5952. */
export function formatAddress(view: DataView, start: number): string {
  if (isV4Mapped(view, start)) {
    return [12, 13, 14, 15].map(byte => view.getUint8(start + byte)).join('.')
  }
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(start + index * 2))
  const zeros = longestZeroRun(groups)
  const hex = groups.map(group => group.toString(16))
  if (zeros.length < 2) return hex.join(':')
  const head = hex.slice(0, zeros.start).join(':')
  const tail = hex.slice(zeros.start + zeros.length).join(':')
  return `${head}::${tail}`
}

function isV4Mapped(view: DataView, start: number): boolean {
  return (
    view.getUint32(start) === 0 &&
    view.getUint32(start + 4) === 0 &&
    view.getUint32(start + 8) === 0xffff
  )
}

/** The first of the longest runs. */
function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let longest = { start: 0, length: 0 }
  let length = 0
  for (const [index, group] of groups.entries()) {
    length = group === 0 ? length + 1 : 0
    if (length > longest.length) longest = { start: index + 1 - length, length }
  }
  return longest
}
