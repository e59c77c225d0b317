/**
 * The program of the example pods and of the world's servers. It counts what it writes and reads
 * itself, per remote address, and prints the counts as one line of JSON whenever they changed.
 *
 *   talk.ts serve ADDRESS:PORT...
 *   talk.ts call ADDRESS:PORT,connections=3,send=1000,receive=5000[,hold|again|stream|repeat]...
 *   talk.ts echo ADDRESS:PORT...
 *   talk.ts ask ADDRESS:PORT,datagrams=20,send=300[,resolve|stream]...
 *
 * `serve` and `call` speak TCP: see connections.ts. `echo` and `ask` speak UDP: see datagrams.ts.
 * With `farewell=5000` it sends so many bytes more when it is told to end (SIGTERM), and then ends;
 * with `after=3000` it first waits for so many milliseconds.
 */
import { call, farewell, serve } from './connections.ts'
import { ask, echo } from './datagrams.ts'
import { startTally } from './tally.ts'
import { parseTarget } from './target.ts'

const [mode = '', ...specs] = process.argv.slice(2)
const tally = startTally()
const targets = specs.map(parseTarget)
process.once('SIGTERM', () => {
  void Promise.all(targets.map(target => farewell(target, tally))).then(() => process.exit(0))
})

if (mode === 'serve') targets.forEach(target => serve(target, tally))
else if (mode === 'echo') targets.forEach(target => echo(target, tally))
else if (mode === 'call' || mode === 'ask') {
  const talk = mode === 'call' ? call : ask
  await Promise.all(targets.map(target => talk(target, tally)))
  tally.finish()
} else throw new Error(`mode: ${mode} is unknown. Use serve, call, echo or ask`)
