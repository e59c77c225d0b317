import { takeHeritage } from './kernel/heritage.ts'
import type { Started, Told } from './start.ts'

/** Kubernetes waits 30 s before it kills; people at a terminal less long. */
const SHUTDOWN_MS = 5_000

const START_FAILED = 1
const USAGE = 2

const stop = new AbortController()
let leave: (code: number) => void = code => process.exit(code)
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    stop.abort()
    setTimeout(() => leave(0), SHUTDOWN_MS).unref()
  })
}

main().then(
  code => leave(code),
  (error: unknown) => {
    const lines = describe(error).split('\n')
    process.stderr.write(lines.map(line => `podatlas-agent: ${line}\n`).join(''))
    leave(error instanceof Error && error.name === 'UsageError' ? USAGE : START_FAILED)
  },
)

/** What a life does not need it does not load: the second one is to be small. */
async function main(): Promise<number> {
  const { argv, env } = process
  const inherited = takeHeritage(env)
  if (inherited) {
    const told: Told = JSON.parse(inherited.told)
    return go({ ...inherited, told })
  }
  if (argv[2] === 'relay') {
    const { relay } = await import('./relay/relay.ts')
    return relay(argv.slice(3), env, stop.signal)
  }
  const { start } = await import('./start.ts')
  const started = start(argv.slice(2), env)
  return typeof started === 'number' ? started : go(started)
}

async function go(started: Started): Promise<number> {
  const { leaveAtOnce, run } = await import('./run.ts')
  leave = leaveAtOnce
  await run(started, stop.signal)
  return 0
}

/** What people can mend is said in one line; a mistake of ours tells where it is. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const isOurs = error instanceof TypeError || error instanceof ReferenceError
  return isOurs && error.stack !== undefined ? error.stack : error.message
}
