import { expect, test, vi } from 'vitest'
import { untilAgreed } from './agreement.ts'
import { podCounts } from './example/counts.ts'
import { promql } from './running.ts'

// The CronJob is due at the next full minute.
const patience = { timeout: 120_000, interval: 1_000 }

test.for([
  ['Deployment', 'web-shop', 10_007],
  ['StatefulSet', 'ledger', 10_009],
  ['DaemonSet', 'probe', 10_037],
  ['Job', 'import-20261123', 10_039],
  ['CronJob', 'nightly-report', 10_061],
  ['ReplicaSet', 'legacy', 10_067],
  ['Rollout', 'canary', 10_069],
  ['Pod', 'lonely', 10_079],
] as const)('the pods of a %s have its kind and its name', async ([kind, name, perPod]) => {
  await vi.waitFor(async () => {
    const pods = [...(await podCounts('workloads'))].filter(([pod]) => pod.startsWith(name))
    const sent = pods.reduce((sum, [, count]) => sum + (count.remotes['192.0.2.30']?.sent ?? 0), 0)
    expect(sent).toBeGreaterThanOrEqual(perPod)
    const ofKind = `{k8s_namespace="workloads",k8s_workload_kind="${kind}"}`
    const query = `sum by (k8s_workload) (podatlas_transmit_bytes_total${ofKind})`
    expect(await promql(query)).toEqual([{ labels: { k8s_workload: name }, value: sent }])
  }, patience)
})

test('no byte of any of them is lost', () => untilAgreed('workloads'))
