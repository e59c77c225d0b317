/** `reach.ts ADDRESS:PORT...`: prints those that take a connection within a second, one a line. */
import { connect } from 'node:net'
import { parseTarget } from './target.ts'

const patienceMs = 1_000

await Promise.all(
  process.argv.slice(2).map(async spec => {
    if (await isReached(spec)) console.log(spec)
  }),
)
process.exit()

async function isReached(spec: string): Promise<boolean> {
  const { address, port } = parseTarget(spec)
  const socket = connect(port, address)
  return await new Promise<boolean>(resolve => {
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.setTimeout(patienceMs, () => resolve(false))
  })
}
