import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { geoMetrics } from '../../functions/geoip/metrics.ts'
import { golden } from '../dashboards/golden.ts'

const root = join(import.meta.dirname, '../..')
const goldenFiles = [
  ...['agent', 'traffic', 'traffic-2021', 'traffic-folded'].map(
    name => `agent/test/golden/${name}.prom`,
  ),
  ...['geoip', 'peers'].map(name => `functions/${name}/test/golden/metrics.prom`),
]

const LabelNames = z.object({ labelNames: z.array(z.string()) })

/** Labels by series. A series need not have all of them. */
export type LabelsOf = ReadonlyMap<string, ReadonlySet<string>>

/** The labels that agent and functions give their series, as seen in their output: golden files and what a real run recorded. */
export function exportedLabels(): LabelsOf {
  const found = new Map<string, Set<string>>()
  // The cluster comes with every series, from the agent or from the scrape.
  const see = (name: string, labels: readonly string[]) => {
    const known = found.get(name) ?? new Set(['cluster'])
    for (const label of labels) known.add(label)
    found.set(name, known)
  }
  const recorded = readFileSync(join(root, 'ci/dashboards/recorded.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  for (const { labels } of [...goldenFiles.flatMap(path => golden(path)), ...recorded]) {
    const { __name__: name, ...others } = labels
    see(name, Object.keys(others))
  }
  // Of what fails seldom there is no series to look at.
  for (const metric of geoMetrics().registry.getMetricsAsArray()) {
    see(metric.name, LabelNames.parse(metric).labelNames)
  }
  see('up', ['job', 'instance'])
  return found
}
