import { z } from 'zod'
import type { PodCounts } from './example/counts.ts'
import { type PromApi, promApi } from './running.ts'

/** Numbers by "pod/container > remote address". */
export type Ends = Record<string, number>

type Counted =
  PodCounts extends ReadonlyMap<string, { remotes: Record<string, infer One> }> ? One : never

/** What the agent counts, and how the containers call it. */
export const metrics = [
  ['podatlas_transmit_bytes_total', 'sent'],
  ['podatlas_receive_bytes_total', 'received'],
  ['podatlas_transmit_datagrams_total', 'datagramsSent'],
  ['podatlas_receive_datagrams_total', 'datagramsReceived'],
] as const

const Answer = z.object({
  data: z.object({
    result: z.array(
      z.object({
        metric: z.record(z.string(), z.string()),
        values: z.array(z.tuple([z.number(), z.string()])),
      }),
    ),
  }),
})

/**
 * What a counter of the agent counted, over all lives of the agent: a new one begins at 0 again, so
 * what an old one had reached is added. Ends with nothing are left out.
 */
export async function recorded(selector: string, api: PromApi = promApi): Promise<Ends> {
  const query = new URLSearchParams({ query: `${selector}[1h]` })
  const { result } = Answer.parse(await api(`query?${query}`)).data
  const ends: Ends = {}
  for (const { metric, values } of result) {
    const end = `${metric['k8s_pod']}/${metric['container_name']} > ${metric['destination_ip']}`
    const total = overLives(values.map(([, value]) => Number(value)))
    if (total > 0) ends[end] = (ends[end] ?? 0) + total
  }
  return ends
}

/** The same of the containers' own counts. */
export function counted(counts: PodCounts, field: keyof Counted): Ends {
  const ends: Ends = {}
  for (const [container, { remotes }] of counts) {
    for (const [address, count] of Object.entries(remotes)) {
      if (count[field] > 0) ends[`${container} > ${address}`] = count[field]
    }
  }
  return ends
}

function overLives(values: readonly number[]): number {
  let total = 0
  values.forEach((value, index) => {
    const before = values[index - 1] ?? 0
    total += value >= before ? value - before : value
  })
  return total
}
