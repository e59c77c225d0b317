import { prometheusClient } from '../prometheus/query.ts'
import { checksOf } from './checks.ts'
import { readConfig } from './config.ts'
import { untilGood } from './until-good.ts'

/** Gives the exit code: 0 everything is as it should be, 1 something is missing, 2 bad command line. */
async function main(): Promise<number> {
  try {
    const config = readConfig(process.argv.slice(2))
    if ('help' in config) {
      process.stdout.write(`${config.help}\n`)
      return 0
    }
    const { upstream, waitMs, ...rest } = config
    const stop = new AbortController().signal
    const { ask } = prometheusClient({ upstream, timeoutMs: 10_000, stop })
    const checks = checksOf({ ask, prometheus: upstream.prometheus, ...rest })
    const findings = await untilGood(checks, { waitMs, everyMs: 2_000 })
    for (const [name, { isGood, says }] of findings)
      process.stdout.write(`${isGood ? 'ok  ' : 'FAIL'}  ${name.padEnd(7)} ${says}\n`)
    return [...findings.values()].every(({ isGood }) => isGood) ? 0 : 1
  } catch (error) {
    process.stderr.write(
      `podatlas-check: ${error instanceof Error ? error.message : String(error)}\n`,
    )
    return 2
  }
}

void main().then(code => (process.exitCode = code))
