import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { aggregation } from './aggregate/aggregate.ts'
import { ownMetrics } from './aggregate/own-metrics.ts'
import { attribution } from './attribute/attribute.ts'
import type { CgroupOwner } from './attribute/cgroup-path.ts'
import { createPodNames } from './attribute/pod-names.ts'
import type { Kernel } from './kernel/kernel.ts'
import { createPipeline } from './pipeline.ts'
import { createTelemetry } from './telemetry.ts'
import { samplesOf, type Sample } from './test/sample.ts'
import { fakeKernel, RECORDED_CGROUP, recordedDrain } from './test/fake-kernel.ts'

const UNIT: CgroupOwner = { kind: 'unit', unit: 'shop.service' }
const POD: CgroupOwner = { kind: 'container', podUid: 'uid-1', containerId: 'f'.repeat(64) }

function setUp(kernel: Pick<Kernel, 'drain'>, { owner = UNIT, intervalMs = 200 } = {}) {
  const telemetry = createTelemetry('node-1', 'test')
  const startedMs = Date.now()
  const offered: Sample[] = []
  const warnings: string[] = []
  const cgroups = {
    scan: () => undefined,
    ownerOf: (id: number) => (id === RECORDED_CGROUP ? owner : undefined),
  }
  const pipeline = createPipeline({
    kernel,
    attribution: attribution({ cgroups, pods: createPodNames(), telemetry }),
    aggregate: aggregation({
      nodeName: 'node-1',
      cluster: '',
      names2021: false,
      maxSeries: 1_000,
      idleMs: 60_000,
      startedMs,
      intervalMs,
      telemetry,
    }),
    ownSamples: ownMetrics({ registry: telemetry.registry, cluster: '', startedMs, intervalMs }),
    sink: { offer: samples => void offered.push(...samplesOf(samples)) },
    intervalMs,
    telemetry,
    warn: (_key, line) => warnings.push(line),
  })
  const stop = new AbortController()
  const running = pipeline.run(stop.signal)
  return {
    offered,
    warnings,
    vitals: pipeline.vitals,
    /** The newest value of each series of a metric, by its labels without the name. */
    newest: (metric: string) =>
      Object.fromEntries(
        offered
          .filter(({ series }) => series.metric.name === metric)
          .map(({ series, value }) => [series.target.map(([, label]) => label).join(' '), value]),
      ),
    end: () => {
      stop.abort()
      return running
    },
  }
}

test('what the kernel counted is offered to the sinks soon after the start, with its owner', async () => {
  const { newest, end } = setUp(fakeKernel([recordedDrain()]), { intervalMs: 60_000 })
  await vi.waitFor(() => expect(newest('podatlas_transmit_bytes_total')).not.toEqual({}), 5_000)
  expect(newest('podatlas_transmit_bytes_total')).toEqual({
    'shop.service 127.0.0.1 4434 tcp client node-1': 1_000,
    'shop.service 127.0.0.1 4434 tcp server node-1': 2_000,
    'shop.service ::1 4436 tcp client node-1': 30_000,
    'shop.service ::1 4436 tcp server node-1': 40_000,
  })
  expect(newest('podatlas_receive_bytes_total')).toMatchObject({
    'shop.service 127.0.0.1 4434 tcp client node-1': 2_000,
    'shop.service ::1 4436 tcp server node-1': 30_000,
  })
  expect(newest('podatlas_agent_info')).toEqual({ 'node-1 test': 1 })
  await end()
})

test('the kernel keeps flows until the sinks have them', async () => {
  const seen: Readonly<Record<string, number>>[] = []
  const release = () => void seen.push(newest('podatlas_transmit_bytes_total'))
  const { newest, end } = setUp(fakeKernel([recordedDrain(release)]), { intervalMs: 60_000 })
  await vi.waitFor(() => expect(seen).not.toEqual([]), 5_000)
  await end()
  expect(seen).toEqual([
    expect.objectContaining({ 'shop.service ::1 4436 tcp server node-1': 40_000 }),
  ])
})

test('drains go on after one that failed, and the failure is counted and told', async () => {
  const refusal = new Error('cannot drain: EAGAIN. The next drain tries again')
  const { newest, warnings, end } = setUp(fakeKernel([refusal, recordedDrain(), recordedDrain()]))
  const sent = () => newest('podatlas_transmit_bytes_total')
  await vi.waitFor(() => {
    expect(sent()).toMatchObject({ 'shop.service 127.0.0.1 4434 tcp client node-1': 2_000 })
  }, 5_000)
  expect(newest('podatlas_agent_drain_failures_total')).toEqual({ 'node-1': 1 })
  expect(warnings).toEqual([refusal.message])
  await end()
})

test('it is ready after the first drain that worked', async () => {
  const failing = new Error('not yet')
  const { vitals, end } = setUp(fakeKernel([failing, recordedDrain()]))
  expect(vitals()).toEqual({ isAlive: true, isReady: false })
  await vi.waitFor(() => expect(vitals().isReady).toBe(true), 5_000)
  await end()
})

test('a drain that takes longer than the interval is waited for, not overtaken', async () => {
  let running = 0
  let most = 0
  let drains = 0
  const slow = async () => {
    running += 1
    most = Math.max(most, running)
    await sleep(300)
    running -= 1
    drains += 1
    return recordedDrain()
  }
  const { end } = setUp({ drain: slow }, { intervalMs: 50 })
  await vi.waitFor(() => expect(drains).toBeGreaterThan(2), 5_000)
  await end()
  expect(most).toBe(1)
})

test('the end drains once more, and what waited for the name of its pod leaves too', async () => {
  const kernel = fakeKernel([recordedDrain(), recordedDrain()])
  const { newest, vitals, end } = setUp(kernel, { owner: POD, intervalMs: 60_000 })
  await vi.waitFor(() => expect(vitals().isReady).toBe(true), 5_000)
  expect(newest('podatlas_transmit_bytes_total')).toEqual({})
  await end()
  expect(newest('podatlas_transmit_bytes_total')).toMatchObject({
    'ffffffffffff 127.0.0.1 4434 tcp client node-1': 2_000,
    'ffffffffffff ::1 4436 tcp server node-1': 80_000,
  })
})
