import { spawn } from 'node:child_process'
import type { Platform } from './matrix.ts'

/** How a machine ended, and all that it wrote on its console. */
export type Ending = { readonly said: string; readonly why: string }

/** The command that boots a machine; the console is its standard output. It has no network and no disk. */
export function bootCommand(
  { emulator, console, threads }: Platform,
  image: string,
  initrd: string,
): [program: string, ...words: string[]] {
  const machine = `-accel tcg,thread=${threads} -smp 2 -m 1536 -nodefaults -no-user-config`
  // What would restart the machine ends it: a panic too.
  const ends = '-display none -serial stdio -no-reboot'
  const kernel = ['-kernel', image, '-initrd', initrd]
  const options = ['-append', `console=${console} quiet panic=-1`]
  return [...emulator, ...machine.split(' '), ...ends.split(' '), ...kernel, ...options]
}

/** Runs a machine until it ends by itself or the time is up. `onLine` gets each line as it comes. */
export function runMachine(
  [program, ...words]: readonly [program: string, ...words: string[]],
  { limitMs, onLine }: { limitMs: number; onLine: (line: string) => void },
): Promise<Ending> {
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  let rest = ''
  let why = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
    const lines = (rest + text).split(/\r*\n/)
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(line)
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  const limit = setTimeout(() => {
    why = `ended by force after ${limitMs / 1000} s`
    child.kill('SIGKILL')
  }, limitMs)
  // Whoever interrupts the run does not want the machine to go on.
  const endWithUs = () => child.kill('SIGKILL')
  process.once('exit', endWithUs)
  return new Promise(resolve => {
    child.once('error', error => (why = error.message))
    child.once('close', (code, signal) => {
      clearTimeout(limit)
      process.off('exit', endWithUs)
      resolve({ said, why: why || `ended by itself (${signal ?? `exit code ${code}`})` })
    })
  })
}
