import type { Labels } from '../model.ts'

type Pair = Labels[number]

/** Label pairs as remote write wants them: sorted by name, and what is absent or empty left out. */
export function sortedLabels(labels: Readonly<Record<string, string | undefined>>): Labels {
  return sortedPairs(
    Object.entries(labels).filter(
      (pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== '',
    ),
  )
}

/** The same pairs in byte order of their names. They are not copied, so that series can share them. */
export function sortedPairs(pairs: readonly Pair[]): Labels {
  // Names of labels are ASCII, where the order of UTF-16 is that of the bytes.
  return pairs.toSorted(([left], [right]) => (left < right ? -1 : Number(left > right)))
}
