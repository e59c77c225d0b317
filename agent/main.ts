import { once } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import packageJson from '../package.json' with { type: 'json' }
import { aggregation } from './aggregate/aggregate.ts'
import { ownMetrics } from './aggregate/own-metrics.ts'
import { attribution } from './attribute/attribute.ts'
import { findCgroupMount, openCgroupTree } from './attribute/cgroup-tree.ts'
import { createPodNames } from './attribute/pod-names.ts'
import { watchPods } from './attribute/pod-watch.ts'
import { canRun, checkTable } from './check-table.ts'
import { HELP, UsageError } from './command-line.ts'
import { readConfig, type Config } from './config.ts'
import { openCgroupBirths } from './kernel/cgroup-births.ts'
import { checkMachine } from './kernel/check.ts'
import type { Sizes } from './kernel/inventory.ts'
import { openKernel } from './kernel/kernel.ts'
import { installPrograms, type Programs } from './kernel/programs.ts'
import { inheritedPrograms, renounceCapabilities } from './kernel/renounce.ts'
import { startSeeding } from './kernel/seed.ts'
import { removePins, unpin } from './kernel/unpin.ts'
import { startUdp } from './kernel/udp.ts'
import { createLog, type Log } from './log.ts'
import { createPipeline } from './pipeline.ts'
import { startServer } from './server.ts'
import { openSinks } from './sinks/index.ts'
import { createTelemetry } from './telemetry.ts'
import { watchUninstall } from './uninstall.ts'

const { version } = packageJson

// What a tick makes outlives a few collections and is garbage with the next tick: V8 would answer by letting the
// young generation grow to 32 MB for good. It stays as large as the start made it.
setFlagsFromString('--semi-space-growth-factor=1')

/** Kubernetes waits 30 s before it kills; people at a terminal less long. */
const SHUTDOWN_MS = 5_000

const START_FAILED = 1
const USAGE = 2

const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    stop.abort()
    setTimeout(() => process.exit(0), SHUTDOWN_MS).unref()
  })
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    const lines = describe(error).split('\n')
    process.stderr.write(lines.map(line => `podatlas-agent: ${line}\n`).join(''))
    process.exit(error instanceof UsageError ? USAGE : START_FAILED)
  },
)

async function main(): Promise<void> {
  const config = readConfig(process.argv.slice(2), process.env)
  if (config === 'help') process.stdout.write(`${HELP}\n`)
  else if (config.command === 'unpin') {
    process.stdout.write(`podatlas-agent: ${unpin(config.kernel.pinDirectory)}\n`)
  } else if (config.command === 'check') check(config)
  else await run(config)
}

/** What people can mend is said in one line; a mistake of ours tells where it is. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const isOurs = error instanceof TypeError || error instanceof ReferenceError
  return isOurs && error.stack !== undefined ? error.stack : error.message
}

/** Opens everything in order, runs until the signal, and closes it in reverse order. */
async function run(config: Config): Promise<void> {
  const { nodeName, cluster, intervalMs, apiServer } = config
  const startedMs = Date.now()
  const log = createLog(config.verbosity)
  const telemetry = createTelemetry(nodeName, version)
  const mount = findCgroupMount(config.cgroupRoot)

  await using opened = new AsyncDisposableStack()
  const programs = inheritedPrograms(process.env) ?? install(config, log)
  const kernel = opened.use(openKernel({ programs, telemetry }))
  opened.use(startSeeding({ programs, telemetry, warn: log.warn }))
  const births = opened.use(openCgroupBirths({ programs, telemetry, warn: log.warn }))
  const cgroups = openCgroupTree({ mount, takeBirths: births.takeBirths })
  opened.use(await startUdp({ programs, births, cgroups, mount, telemetry, warn: log.warn }))
  const pods = createPodNames()
  if (apiServer) {
    opened.use(watchPods({ server: apiServer, nodeName, names: pods, telemetry, ...log }))
  }
  const sink = opened.use(openSinks({ sinks: config.sinks, version, telemetry, log: log.info }))
  const pipeline = createPipeline({
    kernel,
    attribution: attribution({ cgroups, ...(apiServer && { pods }), telemetry }),
    aggregate: aggregation({ ...config, idleMs: config.seriesIdleMs, startedMs, telemetry }),
    ownSamples: ownMetrics({ registry: telemetry.registry, cluster, intervalMs, startedMs }),
    sink,
    intervalMs,
    telemetry,
    warn: log.warn,
  })
  const { registry } = telemetry
  opened.use(await startServer({ ...config, registry, vitals: pipeline.vitals }))
  const sinkNames = Object.keys(config.sinks).join(', ')
  log.info(`podatlas-agent ${version} counts on node ${nodeName}, samples go to: ${sinkNames}`)
  await Promise.all([pipeline.run(stop.signal), leaveNothing(config, programs, log)])
}

/** Pins are for the next agent of the node, and after an uninstallation there is none. */
async function leaveNothing(config: Config, programs: Programs, log: Log): Promise<void> {
  const { apiServer: server, daemonSet, kernel } = config
  if (!server || daemonSet === undefined || programs.pins !== 'pinned') return
  using uninstall = watchUninstall({ server, daemonSet, ...log })
  if (!stop.signal.aborted) await once(stop.signal, 'abort')
  if (!(await uninstall.isUnderWay())) return
  log.info(`DaemonSet ${daemonSet} is gone: ${removePins(kernel.pinDirectory)} pins removed`)
}

function check({ kernel, udp, cgroupRoot }: Config): void {
  const mount = () => findCgroupMount(cgroupRoot)
  const rows = checkMachine({ ...kernel, sizes: sizesOf(kernel), udp, findCgroupMount: mount })
  process.stdout.write(`${checkTable(rows)}\n`)
  if (!canRun(rows)) process.exit(START_FAILED)
}

/** After it this process has no capability left: the programs are handed to its second life. */
function install({ kernel, udp, listen }: Config, { debug, warn }: Log): Programs {
  const sizes = sizesOf(kernel)
  const programs = installPrograms({ ...kernel, sizes, udp, log: debug, warn })
  const wanted = listen.port > 0 && listen.port < 1_024 ? (['NET_BIND_SERVICE'] as const) : []
  renounceCapabilities(programs, { wanted, env: process.env, warn })
  return programs
}

function sizesOf({ maxFlows, maxSockets }: Config['kernel']): Sizes {
  return { maxFlows, maxOverflow: 4_096, maxSockets }
}
