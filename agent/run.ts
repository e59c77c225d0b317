import { setFlagsFromString } from 'node:v8'
import { aggregation } from './aggregate/aggregate.ts'
import { ownMetrics } from './aggregate/own-metrics.ts'
import { attribution } from './attribute/attribute.ts'
import { noCgroupTree } from './attribute/cgroup-hierarchy.ts'
import { openCgroupTree } from './attribute/cgroup-tree.ts'
import { createPodNames } from './attribute/pod-names.ts'
import { watchPods } from './attribute/pod-watch.ts'
import { watchZone, type Zone } from './attribute/zone.ts'
import { withProcesses } from './attribute/process.ts'
import { openCgroupBirths } from './kernel/udp/cgroup-births.ts'
import { openKernel } from './kernel/kernel.ts'
import { processReader } from './kernel/process/processes.ts'
import { loadLibc } from './kernel/system/libc.ts'
import { returnMemory } from './kernel/system/return-memory.ts'
import { startSeeding } from './kernel/seed.ts'
import { startUdp } from './kernel/udp/udp.ts'
import { leaveNothing } from './leave-nothing.ts'
import { createLog, type Log } from './log.ts'
import { shareLookups } from './name-lookups.ts'
import { ownUsage } from './own-usage.ts'
import { createPipeline } from './pipeline.ts'
import { startServer } from './server.ts'
import { openSinks } from './sinks/index.ts'
import type { Started, Told } from './start.ts'
import { createTelemetry, type Telemetry } from './telemetry.ts'

// As in start.ts, for a process that could not have a second life.
setFlagsFromString('--semi-space-growth-factor=1')

/** Opens everything in order, runs until the signal, and closes it in reverse order. */
export async function run({ programs, told }: Started, stop: AbortSignal): Promise<void> {
  const { config, version } = told
  const { mount, loss } = told.cgroups
  const { nodeName, cluster, intervalMs, apiServer, sinks, spoolDirectory } = config
  let removeRest: (() => void) | undefined
  const startedMs = Date.now()
  const log = createLog(config.verbosity)
  const telemetry = createTelemetry(nodeName, version)

  await using opened = new AsyncDisposableStack()
  opened.use(shareLookups())
  const kernel = opened.use(openKernel({ programs, telemetry }))
  opened.use(startSeeding({ programs, telemetry, warn: log.warn }))
  const births = opened.use(openCgroupBirths({ programs, telemetry, warn: log.warn }))
  const { takeBirths } = births
  const cgroups =
    mount === undefined
      ? noCgroupTree({ takeBirths })
      : openCgroupTree({ mount, isEmptyBesideV1: loss !== undefined, takeBirths })
  if (loss !== undefined) log.warn('cgroups', loss)
  if (mount !== undefined)
    opened.use(await startUdp({ programs, births, cgroups, mount, telemetry, warn: log.warn }))
  const pods = createPodNames()
  if (apiServer) {
    const given = { names: pods, telemetry, returnMemory, ...log }
    opened.use(watchPods({ server: apiServer, nodeName, ...given }))
  }
  const isKubernetes = apiServer !== undefined
  const zone = opened.use(openZone({ config, telemetry, log }))
  // Closed after the sinks, who write to it up to their end.
  opened.defer(() => removeRest?.())
  const sink = opened.use(
    await openSinks({
      sinks,
      version,
      isKubernetes,
      telemetry,
      log: log.info,
      spoolDirectory,
      unreleased: kernel.unreleased,
    }),
  )
  const attributed = attribution({ cgroups, ...(apiServer && { pods }), telemetry })
  const measureUsage = ownUsage(telemetry)
  const { registry } = telemetry
  const ownSamples = ownMetrics({ registry, cluster, intervalMs, startedMs })
  const pipeline = createPipeline({
    kernel,
    attribution: programs.processes
      ? withProcesses(attributed, { processOf: processReader(programs), telemetry })
      : attributed,
    aggregate: aggregation({
      ...config,
      idleMs: config.seriesIdleMs,
      startedMs,
      telemetry,
      warn: log.warn,
      ...(zone && { zone: zone.current }),
    }),
    ownSamples: nowMs => {
      measureUsage()
      return ownSamples(nowMs)
    },
    sink,
    intervalMs,
    returnMemory,
    telemetry,
    warn: log.warn,
  })
  const { vitals } = pipeline
  opened.use(await startServer({ ...config, telemetry, pages: sink.pages, vitals }))
  const sinkNames = Object.keys(sinks).join(', ')
  // Series that begin without their zone would end with the first answer.
  await zone?.answered
  log.info(`podatlas-agent ${version} counts on node ${nodeName}, samples go to: ${sinkNames}`)
  const isPinned = programs.pins === 'pinned'
  const leaving = leaveNothing({ config, isPinned, log, stop })
  await pipeline.run(stop)
  removeRest = await leaving
}

/** Only where the label is wanted: it takes a right that the agent does not need otherwise. */
function openZone({ config, telemetry, log }: ZoneOptions): Zone | undefined {
  const { apiServer: server, nodeName, labels } = config
  if (!labels.add.includes('zone')) return undefined
  if (server) return watchZone({ server, nodeName, telemetry, warn: log.warn })
  log.warn(
    'zone',
    'labels.add: zone comes from Kubernetes, which is not asked here: no series has it',
  )
  return undefined
}

type ZoneOptions = {
  readonly config: Told['config']
  readonly telemetry: Telemetry
  readonly log: Log
}

/** Ends the process when all is done; Node's own way might not: docs/decisions/0160. */
export function leaveAtOnce(code: number): void {
  loadLibc().exit(code)
}
