import type { Labels } from '../model.ts'

/** Label pairs as remote write wants them: sorted by name, and what is absent or empty left out. */
export function sortedLabels(labels: Readonly<Record<string, string | undefined>>): Labels {
  return Object.entries(labels)
    .filter((pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== '')
    .toSorted(([left], [right]) => Buffer.compare(Buffer.from(left), Buffer.from(right)))
}
