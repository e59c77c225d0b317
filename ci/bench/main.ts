import { execFileSync } from 'node:child_process'
import { release } from 'node:os'
import { benches } from './benches.ts'
import type { Result } from './result.ts'
import { tableOf } from './table.ts'

// bench                   every benchmark, and a table of them
// bench burst fold        these only
// bench --small burst     only as much as shows that the answers are right
const words = process.argv.slice(2)
const isSmall = words.includes('--small')
const wanted = words.filter(word => word !== '--small')
const unknown = wanted.filter(name => !(name in benches))
if (unknown.length > 0) {
  console.error(`no such benchmark: ${unknown.join(' ')}`)
  console.error(`There are: ${Object.keys(benches).join(' ')}`)
  process.exit(2)
}

const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
const about = { commit, kernel: release(), node: process.version }
const results: Result[] = []
for (const [name, bench] of Object.entries(benches)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  await bench({
    isSmall,
    print: result => {
      results.push(result)
      console.log(JSON.stringify({ ...result, ...about }))
    },
  })
}
if (!isSmall) console.log(tableOf(results))
