import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { commandOutcome, projectOutcome, type Outcome } from './outcome.ts'
import { root, type Step } from './steps.ts'

/** Runs a step to its end. What it needs to write goes below `folder`, never into the checkout. */
export async function runStep(step: Step, folder: string, signal: AbortSignal): Promise<Outcome> {
  if ('command' in step) {
    const { exitCode, output } = await run(step.command, signal)
    return commandOutcome(exitCode, output)
  }
  const reportFile = join(folder, `${step.name}.json`)
  const words = ['run', '--config', 'ci/vitest.config.ts', '--project', step.project]
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`]
  const { exitCode, output } = await run(['vitest', ...words, ...reporters], signal)
  const report = await readFile(reportFile, 'utf8').catch(() => undefined)
  return projectOutcome(exitCode, output, report)
}

/** The exit code, and stdout and stderr as they came. A program that cannot be started fails. */
function run([program = '', ...words]: readonly string[], signal: AbortSignal) {
  const path = [join(root, 'node_modules/.bin'), process.env['PATH'], '/usr/sbin', '/sbin']
  const child = spawn(program, words, {
    cwd: root,
    signal,
    stdio: ['ignore', 'pipe', 'pipe'],
    // CI: a snapshot that is not there yet fails instead of being written into the checkout.
    env: { ...process.env, PATH: path.join(delimiter), NO_COLOR: '1', CI: 'true' },
  })
  return new Promise<{ exitCode: number; output: string }>(resolve => {
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text))
    child.once('error', error => (output += `${error.message}\n`))
    child.once('close', code => resolve({ exitCode: code ?? 1, output }))
  })
}
