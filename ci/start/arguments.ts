import { parseArgs } from 'node:util'
import { StartFault } from './fault.ts'

export type Arguments = {
  /** Make a small world of its own that talks, for machines where little goes on. */
  readonly withTraffic: boolean
  /** End after this many milliseconds; absent: when interrupted. */
  readonly forMs?: number
  readonly asJson: boolean
  /** File for what the talkers of `--traffic` counted themselves. */
  readonly countsFile?: string
  readonly wantsHelp: boolean
}

export const help = `Usage: npm start -- [options]

Shows who on this machine talks to which place on Earth, and how much: starts the
agent, a Prometheus and geoip on loopback, and leaves nothing behind. Needs root.

  --traffic        also start a small world in network namespaces of its own
  --for DURATION   end by itself, such as 30s, 5m or 1h
  --json           print the table as JSON when it ends; progress goes to stderr
                   (npm start --silent -- --json keeps npm's own lines out of it)
  --counts FILE    with --traffic: write what the talkers counted themselves, as JSON
  --help           print this
`

const options = {
  traffic: { type: 'boolean' },
  for: { type: 'string' },
  json: { type: 'boolean' },
  counts: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 }
const longestMs = 24 * 3_600_000

/** Pure. Throws a StartFault that names the first option it does not understand. */
export function parseArguments(argv: readonly string[]): Arguments {
  const { values, tokens } = parseArgs({
    args: [...argv],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  for (const token of tokens) checkToken(token)
  const { traffic, for: duration, json, counts, help: wantsHelp } = values
  if (counts !== undefined && traffic !== true)
    throw new StartFault('--counts: only the talkers of --traffic count. Add --traffic')
  return {
    withTraffic: traffic === true,
    ...(typeof duration === 'string' && { forMs: parseDuration(duration) }),
    asJson: json === true,
    ...(typeof counts === 'string' && { countsFile: counts }),
    wantsHelp: wantsHelp === true,
  }
}

type Token = NonNullable<ReturnType<typeof parseArgs>['tokens']>[number]

function checkToken(token: Token): void {
  if (token.kind === 'option-terminator') return
  if (token.kind === 'positional')
    throw new StartFault(`${token.value}: not an option. See npm start -- --help`)
  const known = Object.entries(options).find(([name]) => name === token.name)?.[1]
  if (known === undefined)
    throw new StartFault(`${token.rawName}: unknown option. See npm start -- --help`)
  if (known.type === 'boolean' && token.value !== undefined)
    throw new StartFault(`${token.rawName}: takes no value, got ${token.value}`)
  // `--for --json` would otherwise take the next option for a duration or a file name.
  const isNextOption = token.inlineValue === false && token.value.startsWith('-')
  if (known.type === 'string' && (isNextOption || (token.value ?? '') === ''))
    throw new StartFault(`${token.rawName}: a value is missing. See npm start -- --help`)
}

function parseDuration(text: string): number {
  const [, amount, unit = ''] = /^(\d{1,6})([smh])$/.exec(text) ?? []
  const milliseconds = Number(amount) * (unitMs[unit] ?? Number.NaN)
  if (milliseconds >= 1_000 && milliseconds <= longestMs) return milliseconds
  throw new StartFault(`--for: ${text} is no duration from 1s to 24h. Write 30s, 5m or 1h`)
}
