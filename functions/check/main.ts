import { prometheusClient } from '../prometheus/query.ts'
import { checksOf } from './checks.ts'
import { readConfig } from './config.ts'
import { getter } from './get.ts'
import { untilGood } from './until-good.ts'
import { messageOf } from '../program/message-of.ts'

/** Gives the exit code: 0 everything is as it should be, 1 something is missing, 2 bad command line. */
async function main(): Promise<number> {
  try {
    const config = readConfig(process.argv.slice(2))
    if ('help' in config) {
      process.stdout.write(`${config.help}\n`)
      return 0
    }
    const { upstream, waitMs, ...rest } = config
    const stopping = new AbortController()
    const asking = { timeoutMs: patienceOf(waitMs), stop: stopping.signal }
    const { ask } = prometheusClient({ upstream, ...asking })
    const parts = { ask, get: getter(asking), prometheus: upstream.prometheus, ...rest }
    const findings = await untilGood(checksOf(parts), { waitMs, everyMs: 1_000 })
    stopping.abort()
    for (const [name, { isGood, says }] of findings)
      process.stdout.write(`${isGood ? 'ok  ' : 'FAIL'}  ${name.padEnd(7)} ${says}\n`)
    return [...findings.values()].every(({ isGood }) => isGood) ? 0 : 1
  } catch (error) {
    process.stderr.write(`podatlas-check: ${messageOf(error)}\n`)
    return 2
  }
}

/**
 * How long one request may take. After a rollout a node may send what is for a service to the pod that has gone, where
 * nobody answers: there must be time to ask again. Queries of a busy Prometheus take seconds of their own.
 */
function patienceOf(waitMs: number): number {
  return Math.min(10_000, Math.max(3_000, Math.floor(waitMs / 4)))
}

void main().then(code => (process.exitCode = code))
