import { readFileSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import type { RecordedSeries } from './fill.ts'

const STEP_S = 10
const Matrix = z.object({
  data: z.object({
    result: z.array(
      z.object({
        metric: z.record(z.string(), z.string()),
        values: z.array(z.tuple([z.number(), z.string()])),
      }),
    ),
  }),
})
const Line = z.object({
  labels: z.record(z.string(), z.string()),
  samples: z.array(z.tuple([z.number(), z.number()])),
})

/** What agent and functions export, and `up`; of other programs on the machine, nothing. */
const exported = '{__name__=~"podatlas_.+|geo_ip|up",__name__!="podatlas_geofence_policy"}'
const documentation = /^(192\.0\.2|198\.51\.100|203\.0\.113)\.|^2001:db8:/
const namespaces = ['panels', 'panels-store', 'shop']

/** Keeps the last five minutes of a Prometheus up to `momentS` in a file, a line for each series. */
export async function record(url: string, momentS: number, file: string): Promise<void> {
  const query = new URLSearchParams({ query: `${exported}[5m]`, time: String(momentS) })
  const answer = await fetch(new URL(`/api/v1/query?${query}`, url))
  const { data } = Matrix.parse(await answer.json())
  const lines = data.result
    .filter(({ metric }) => isOurs(metric))
    .map(({ metric, values }) =>
      JSON.stringify({ labels: metric, samples: thinned(values, momentS) }),
    )
  writeFileSync(file, `${lines.toSorted().join('\n')}\n`)
}

export function readRecorded(file: string): RecordedSeries[] {
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map(line => Line.parse(JSON.parse(line)))
}

function isOurs(labels: Readonly<Record<string, string>>): boolean {
  const { destination_ip: remote, ip: address = remote, k8s_namespace: namespace } = labels
  const isKnown = namespace === undefined || namespaces.includes(namespace)
  return isKnown && (address === undefined || documentation.test(address))
}

/** The last sample of each step, as seconds before the moment. */
function thinned(values: readonly (readonly [number, string])[], momentS: number) {
  const bySteps = new Map<number, number>()
  for (const [atS, text] of values) {
    const beforeS = Math.ceil((atS - momentS) / STEP_S) * STEP_S
    bySteps.set(Math.min(beforeS, 0), Number(text))
  }
  return [...bySteps]
}
