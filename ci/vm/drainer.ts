import { readFileSync, readdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { decodeFlows } from '../../agent/drain/flows.ts'
import { takeHeritage } from '../../agent/kernel/heritage.ts'
import { openKernel } from '../../agent/kernel/kernel.ts'
import { installPrograms } from '../../agent/kernel/programs.ts'
import { startSecondLife } from '../../agent/kernel/second-life.ts'
import { createTelemetry } from '../../agent/telemetry.ts'

/**
 * drainer BYTECODE PIN_DIRECTORY: begins as the agent does, up to the end of its capabilities. Says
 * what it found and has, and then the flows of a drain for each line of its input.
 */
const [bytecode = '', pinDirectory = ''] = process.argv.slice(2)
const say = (answer: unknown) => process.stdout.write(`${JSON.stringify(answer)}\n`)

const programs = takeHeritage(process.env)?.programs ?? install()
using kernel = openKernel({ programs, telemetry: createTelemetry('test', '0.0.0') })
say({ origin: programs.origin, capabilities: capabilitiesOfThreads() })
for await (const _ of createInterface({ input: process.stdin })) {
  const drained = await kernel.drain()
  const flows = decodeFlows(drained)
  // Whoever reads the answer may end this process at once.
  drained.release()
  say(flows)
}

function install() {
  const sizes = { maxFlows: 4096, maxOverflow: 256, maxSockets: 4096 }
  const installed = installPrograms({ bytecode, sizes, pinDirectory, log: console.error, warn })
  const { argv, env } = process
  startSecondLife(installed, { told: '', wanted: [], env, args: argv.slice(2), warn })
  return installed
}

function capabilitiesOfThreads(): string[] {
  const sets = readdirSync('/proc/self/task').flatMap(thread => {
    const status = readFileSync(`/proc/self/task/${thread}/status`, 'utf8')
    return [...status.matchAll(/^Cap(?:Eff|Prm):\s+(\w+)$/gm)].map(match => match[1] ?? '')
  })
  return [...new Set(sets)]
}

function warn(_: string, line: string): void {
  console.error(line)
}
