import { expect, test, vi } from 'vitest'
import { tell } from './containers.ts'
import { podCounts } from './example/counts.ts'
import { counted, type Ends, recorded } from './recorded.ts'

const patience = { timeout: 60_000, interval: 1_000 }
const metrics = [
  ['podatlas_transmit_bytes_total', 'sent'],
  ['podatlas_receive_bytes_total', 'received'],
] as const

test('connections older than the agent are counted from its start on, at both ends', async () => {
  const before = await podCounts('old')
  await tell('old', 'SIGUSR2')
  const after = await vi.waitFor(async () => {
    const counts = await podCounts('old')
    for (const [, way] of metrics) {
      expect(counted(counts, way)).toEqual(twice(counted(before, way)))
    }
    return counts
  }, patience)
  await vi.waitFor(async () => {
    for (const [metric, way] of metrics) {
      const bytes = await recorded(`${metric}{k8s_namespace="old"}`)
      // What was exchanged before the agent is as much as what was exchanged since.
      expect(bytes, metric).toEqual(half(counted(after, way)))
    }
  }, patience)
})

function twice(ends: Ends): Ends {
  return Object.fromEntries(Object.entries(ends).map(([end, bytes]) => [end, bytes * 2]))
}

function half(ends: Ends): Ends {
  return Object.fromEntries(Object.entries(ends).map(([end, bytes]) => [end, bytes / 2]))
}
