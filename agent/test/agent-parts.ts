import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { aggregation } from '../aggregate/aggregate.ts'
import { ownMetrics } from '../aggregate/own-metrics.ts'
import type { ApiServer } from '../attribute/api-server.ts'
import { attribution } from '../attribute/attribute.ts'
import { openCgroupTree } from '../attribute/cgroup-tree.ts'
import { createPodNames } from '../attribute/pod-names.ts'
import { watchPods } from '../attribute/pod-watch.ts'
import { createLog } from '../log.ts'
import type { Series } from '../model.ts'
import { createPipeline } from '../pipeline.ts'
import { labelsOf } from '../sinks/series-labels.ts'
import { createTelemetry } from '../telemetry.ts'
import { flowEntries, type TestFlow } from './flow-entries.ts'
import type { SimulatedTime } from './simulated-time.ts'

/** What a user sees of the agent, and what the kernel would count. */
export type AgentParts = AsyncDisposable & {
  /** Makes the cgroup of a container as the kubelet does, and gives its id. */
  readonly container: (podUid: string, containerId: string) => number
  /** The kernel counts this until the next drain. */
  readonly count: (flow: TestFlow) => void
  /** Bytes that the kernel counted, and bytes that all series together stand for. */
  readonly bytes: () => { readonly counted: number; readonly offered: number }
  /** Sum of the newest values of a metric's series that have these labels. */
  readonly value: (metric: string, labels?: Readonly<Record<string, string>>) => number
  /** Whether stamps of every series only grew. */
  readonly isInOrder: () => boolean
  readonly log: readonly string[]
  readonly drains: () => number
  /** Until so many more drains have come and gone. */
  readonly ticks: (count: number) => Promise<void>
  /** Ends it as a signal does: what waits for a name is counted too. */
  readonly end: () => Promise<void>
}

const INTERVAL_MS = 20

/**
 * The agent as run.ts puts it together, at a fast pace, with a hierarchy of cgroups in a folder of its
 * own. Only the kernel is the test's, and each drain takes an interval of time; `api` is the API server of its node, `node-1`.
 */
export function startAgentParts(api: ApiServer, time: SimulatedTime): AgentParts {
  const nodeName = 'node-1'
  const mount = mkdtempSync(join(tmpdir(), 'podatlas-cgroups-'))
  const startedMs = Date.now()
  const intervalMs = INTERVAL_MS
  const log: string[] = []
  const { warn, info } = createLog(0, line => log.push(line))
  const telemetry = createTelemetry(nodeName, 'test')
  const names = createPodNames()
  const watch = watchPods({
    server: api,
    nodeName,
    names,
    telemetry,
    warn,
    info,
    clock: time.clock,
  })
  let waiting: TestFlow[] = []
  let counted = 0
  let drains = 0
  const newest = new Map<Series, number>()
  const stamps = new Map<string, number>()
  let isInOrder = true
  const pipeline = createPipeline({
    kernel: {
      drain: () => {
        drains += 1
        time.passMs(intervalMs)
        const flows = waiting
        waiting = []
        return Promise.resolve({ ...flowEntries(flows), name: 'flows', release: () => {} })
      },
    },
    attribution: attribution({ cgroups: openCgroupTree({ mount }), pods: names, telemetry }),
    aggregate: aggregation({
      nodeName,
      cluster: '',
      names2021: false,
      maxSeries: 10_000,
      idleMs: 3_600_000,
      intervalMs,
      startedMs,
      telemetry,
      warn,
    }),
    ownSamples: ownMetrics({ registry: telemetry.registry, cluster: '', intervalMs, startedMs }),
    sink: {
      offer: ({ timestampMs, series, values }) => {
        for (const [index, one] of series.entries()) {
          const amount = values?.[index]
          if (amount !== undefined) newest.set(one, amount)
          const key = JSON.stringify(labelsOf(one))
          if ((stamps.get(key) ?? 0) >= timestampMs) isInOrder = false
          stamps.set(key, timestampMs)
        }
      },
    },
    intervalMs,
    telemetry,
    warn,
  })
  const stop = new AbortController()
  const running = pipeline.run(stop.signal)

  async function end(): Promise<void> {
    stop.abort()
    await running
    await watch[Symbol.asyncDispose]()
    rmSync(mount, { recursive: true, force: true })
  }
  function value(metric: string, labels: Readonly<Record<string, string>> = {}): number {
    const wanted = Object.entries(labels)
    let sum = 0
    for (const [one, amount] of newest) {
      const own = new Map(labelsOf(one))
      if (one.metric.name === metric && wanted.every(([name, text]) => own.get(name) === text))
        sum += amount
    }
    return sum
  }
  return {
    container: (podUid, containerId) => {
      const folder = join(mount, 'kubepods/burstable', `pod${podUid}`, containerId)
      mkdirSync(folder, { recursive: true })
      return statSync(folder).ino
    },
    count: flow => {
      waiting.push(flow)
      counted += flow.bytesSent + flow.bytesReceived
    },
    bytes: () => ({
      counted,
      offered: value('podatlas_transmit_bytes_total') + value('podatlas_receive_bytes_total'),
    }),
    value,
    isInOrder: () => isInOrder,
    log,
    drains: () => drains,
    ticks: async count => {
      // A tick that was under way may have drained before.
      const wanted = drains + count + 1
      for (const isThere = () => drains >= wanted; !isThere();) await sleep(5)
    },
    end,
    [Symbol.asyncDispose]: end,
  }
}
