import { readFileSync } from 'node:fs'
import { causeOf } from '../program/cause.ts'
import { ConfigError } from '../program/settings.ts'
import { prometheusClient } from '../prometheus/query.ts'
import { readConfig } from './config.ts'
import { judge } from './judge.ts'
import { policyQueries } from './policies.ts'
import { reportJson, reportTable } from './report.ts'
import { rulesOf } from './rules.ts'
import { messageOf } from '../program/message-of.ts'

/** Gives the exit code: 0 nothing would have been flagged, 1 something would, 2 it cannot be told. */
async function main(): Promise<number> {
  try {
    const config = readConfig(process.argv.slice(2), process.env)
    if ('help' in config) {
      process.stdout.write(`${config.help}\n`)
      return 0
    }
    const { file, chart, upstream, timeoutMs } = config
    const queries = policyQueries(await rulesOf({ file, chart, text: read(file) }), file)
    const stop = new AbortController().signal
    const { ask } = prometheusClient({ upstream, timeoutMs, stop })
    const verdict = await judge(queries, ask, config)
    process.stdout.write(config.json ? reportJson(verdict) : reportTable(verdict))
    return verdict.violations.length > 0 ? 1 : 0
  } catch (error) {
    const name = error instanceof ConfigError ? 'podatlas policy check' : 'podatlas'
    process.stderr.write(`${name}: ${messageOf(error)}\n`)
    return 2
  }
}

function read(file: string): string {
  try {
    // Descriptor 0 is what is piped in.
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    throw new Error(`-f: cannot read ${file}: ${causeOf(error)}`, { cause: error })
  }
}

void main().then(code => (process.exitCode = code))
