import { execFileSync } from 'node:child_process'
import { release } from 'node:os'
import { benchAgent } from './agent.ts'
import { benchTcp } from './tcp.ts'

const benches: Readonly<Record<string, (print: (result: object) => void) => Promise<void>>> = {
  agent: benchAgent,
  tcp: benchTcp,
}

/** Prints a line of JSON per metric, with what is needed to compare two of them. */
async function main(name = ''): Promise<void> {
  const bench = benches[name]
  if (!bench)
    throw new Error(`${name}: no such benchmark. There are: ${Object.keys(benches).join(', ')}`)
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  const about = { commit, kernel: release(), node: process.version }
  await bench(result => console.log(JSON.stringify({ ...result, ...about })))
}

await main(process.argv[2])
