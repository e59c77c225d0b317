import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'

/**
 * Runs a command to its end and returns what it printed.
 * Errors: one that names the command and carries the end of what it wrote to stderr.
 */
export async function run(command: string, args: readonly string[], input = ''): Promise<string> {
  const child = spawn(command, args, { stdio: 'pipe' })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  // A command that reads no input may be gone before it is written.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const [code, output, complaint] = await Promise.all([
    ended,
    text(child.stdout),
    text(child.stderr),
  ])
  if (code === 0) return output
  const lastLines = (complaint || output).trim().split('\n').slice(-15).join('\n')
  throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${lastLines}`)
}
