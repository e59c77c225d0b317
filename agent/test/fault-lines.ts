/** The words of the parser, which are not ours. */
const RAW = /expected|received|Invalid|Too (small|big)|Unrecognized|pattern|undefined|\[object/
const FIX = /\b(write|use|set|give|put|remove|correct|choose|mount|name|let|keep)\b/i

/** Those of the lines that do not say at which place what is wrong, and how to mend it, in words of ours. */
export function poorLines(lines: readonly string[]): string[] {
  return lines.filter(line => !/^[^:]+: \S/.test(line) || !FIX.test(line) || RAW.test(line))
}
