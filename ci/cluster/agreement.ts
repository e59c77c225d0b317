import { expect, vi } from 'vitest'
import { podCounts, type PodCounts } from './example/counts.ts'
import { counted, type Ends, metrics, recorded } from './recorded.ts'
import { type PromApi, promApi, promql } from './running.ts'

const patience = { timeout: 60_000, interval: 500 }

/**
 * Waits until Prometheus has, of each container of a namespace and each remote address, exactly the
 * bytes and datagrams that the containers counted themselves. `gone` is what they had counted whose
 * logs are gone: with their pods, or because they were started again. `api` asks another Prometheus than
 * that of the release.
 */
export async function untilAgreed(
  namespace: string,
  gone: PodCounts = new Map(),
  api: PromApi = promApi,
): Promise<void> {
  const agree = async () => {
    const counts = await podCounts(namespace)
    expect(counts.size).toBeGreaterThan(0)
    for (const [metric, field] of metrics) {
      const numbers = await recorded(`${metric}{k8s_namespace="${namespace}"}`, api)
      expect(numbers, metric).toEqual(sum(counted(gone, field), counted(counts, field)))
    }
  }
  await vi.waitFor(agree, patience)
}

/** Waits until the pods of a namespace have sent so many bytes, by one of their labels. */
export async function untilSent(namespace: string, label: string, expected: Ends): Promise<void> {
  const all = `podatlas_transmit_bytes_total{k8s_namespace="${namespace}"}`
  await vi.waitFor(async () => {
    const rows = await promql(`sum by (${label}) (${all})`)
    expect(Object.fromEntries(rows.map(row => [row.labels[label], row.value]))).toEqual(expected)
  }, patience)
}

function sum(left: Ends, right: Ends): Ends {
  const ends = { ...left }
  for (const [end, number] of Object.entries(right)) ends[end] = (ends[end] ?? 0) + number
  return ends
}
