import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { StartFault } from './fault.ts'

/** Runs a short command to its end. Throws a StartFault with its own words when it fails. */
export async function run(words: readonly [string, ...string[]], input = ''): Promise<void> {
  const [program, ...rest] = words
  // Its own process group: Ctrl-C ends us in order, not whatever we happen to run.
  const child = spawn(program, rest, { detached: true, stdio: ['pipe', 'ignore', 'pipe'] })
  // A program that stops reading says why on stderr; that EPIPE says nothing.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const [complaint, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
  if (code === 0) return
  const cause = complaint.trim().replaceAll(/\s*\n\s*/g, ' | ')
  throw new StartFault(`${words.join(' ')}: ${cause === '' ? `exit code ${code}` : cause}`)
}
