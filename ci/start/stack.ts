import { bpfObject } from '../bpf/object.ts'
import { startAgent } from './agent.ts'
import { orFault } from './fault.ts'
import { startGeoip } from './geoip.ts'
import { freePorts } from '../ports.ts'
import { startPrometheus } from './prometheus.ts'
import { untilReady } from './ready.ts'

export type StackOptions = {
  /** The run's temporary folder. */
  readonly folder: string
  /** Databases that geoip asks before its own. */
  readonly databases: readonly string[]
  /** Owns what is started here. */
  readonly owned: AsyncDisposableStack
  readonly signal: AbortSignal
}

export type Stack = {
  /** Address of the page, with a slash at the end. */
  readonly page: string
  /** Rejects when one of the three ends by itself. */
  readonly lost: Promise<never>
}

const readyWithinMs = 45_000
// People look for the page where geoip serves it everywhere else.
const pagePort = 8_080

/** Starts Prometheus, geoip and the agent on loopback, and waits until all three work. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { folder, databases, owned, signal } = options
  const [geoipPort = 0, prometheusPort = 0, agentPort = 0] = await freePorts(pagePort, 'any', 'any')
  const url = `http://127.0.0.1:${prometheusPort}`
  // Not the agent: it pushes its own metrics too, and a scrape would store them twice.
  const targets = { geo: `127.0.0.1:${geoipPort}` }
  const prometheus = owned.use(await startPrometheus({ folder, port: prometheusPort, targets }))
  const geoip = owned.use(startGeoip({ folder, port: geoipPort, prometheus: url, databases }))
  const bytecode = orFault(bpfObject)
  const agent = owned.use(await startAgent({ folder, port: agentPort, bytecode, prometheus: url }))
  const untilAnswers = (child: typeof agent, address: string) =>
    untilReady(child, address, readyWithinMs, signal)
  await Promise.all([
    untilAnswers(prometheus, `${url}/-/ready`),
    untilAnswers(geoip, `http://127.0.0.1:${geoipPort}/readyz`),
    untilAnswers(agent, `http://127.0.0.1:${agentPort}/readyz`),
  ])
  return {
    page: `http://127.0.0.1:${geoipPort}/`,
    lost: Promise.race([prometheus.lost, geoip.lost, agent.lost]),
  }
}
