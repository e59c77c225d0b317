import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeCompared } from '../vm/report.ts'
import { runStep } from './run-step.ts'
import { furtherSteps, steps } from './steps.ts'

// npm test                    every step
// npm test -- unit kernel     these only
const wanted = process.argv.slice(2)
const all = [...steps, ...furtherSteps]
const unknown = wanted.filter(name => !all.some(step => step.name === name))
if (unknown.length > 0) {
  console.error(`no such step: ${unknown.join(' ')}`)
  console.error(`Steps: ${all.map(step => step.name).join(' ')}`)
  process.exit(2)
}

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())

await using folder = await mkdtempDisposable(join(tmpdir(), 'podatlas-check-'))
let passed = 0
let failed = 0
const asked = wanted.length === 0 ? steps : all.filter(({ name }) => wanted.includes(name))
for (const step of asked) {
  process.stdout.write(step.name.padEnd(10))
  const startedMs = performance.now()
  const outcome = await runStep(step, folder.path, stop.signal)
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  passed += outcome.passed
  failed += outcome.failed
  const counts = outcome.failed > 0 ? `${outcome.failed} FAILED, ` : ''
  console.log(` ${counts}${outcome.passed} passed in ${seconds} s`)
  if (outcome.compared)
    console.log(`    compared with the programs' own counts: ${describeCompared(outcome.compared)}`)
  if (outcome.failed > 0) console.log(outcome.output.trim().replaceAll(/^/gm, '    '))
}
// Whoever runs this reads the last line.
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
