import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { scenarios } from '../../agent/kernel/test/scenarios.ts'
import { bootCommand, runMachine, type Ending } from './machine.ts'
import { imageOf, platforms, type Platform } from './matrix.ts'
import { describeCompared, describeConsole, describeResult, describeUnanswered } from './report.ts'
import { stage } from './stage.ts'
import { answerIn, sum, verdictOf, type Result } from './verdict.ts'
import type { Answer } from './answer.ts'

// npm run test:kernels                        every kernel
// npm run test:kernels -- linux-6.1-amd64     these only
const LIMIT_MS = 1_200_000

const wanted = process.argv.slice(2)
const unknown = wanted.filter(name => !platforms.some(platform => platform.name === name))
if (unknown.length > 0) {
  console.error(`no such kernel: ${unknown.join(' ')}`)
  console.error(`Kernels: ${platforms.map(({ name }) => name).join(' ')}`)
  process.exit(2)
}
// Leaving ends the machine that runs, and removes what it was made of.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

const folder = mkdtempSync(join(tmpdir(), 'podatlas-kernels-'))
process.once('exit', () => rmSync(folder, { recursive: true }))
const initrds = new Map<string, Promise<string>>()
const queue = platforms.filter(({ name }) => wanted.length === 0 || wanted.includes(name))
// Two at a time: most of a machine's work is done by one of its processors.
const results = (await Promise.all([testFrom(queue), testFrom(queue)])).flat()
const failed = results.filter(({ failure }) => failure !== undefined).length
console.log(`compared with the programs' own counts: ${describeCompared(sum(results))}`)
// Whoever runs this reads the last line.
console.log(`${results.length - failed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0

async function testFrom(platformsLeft: Platform[]): Promise<readonly Result[]> {
  const tested: Result[] = []
  for (let next = platformsLeft.shift(); next; next = platformsLeft.shift())
    tested.push(...(await test(next)))
  return tested
}

/** Boots a machine, shows each answer as it comes, and the console's end if something is wrong. */
async function test(platform: Platform): Promise<readonly Result[]> {
  const say = (line: string) => console.log(`${platform.name}  ${line}`)
  const startedMs = performance.now()
  const answers: Answer[] = []
  const { said, why } = await boot(platform, line => {
    const answer = answerIn(line)
    if (!answer) return
    answers.push(answer)
    if ('name' in answer) say(describeResult(answer))
  })
  const promises = scenarios.map(({ name }) => name)
  const verdict = verdictOf(promises, answers, why)
  for (const line of describeUnanswered(verdict.unanswered)) say(line)
  if (verdict.results.some(({ failure }) => failure !== undefined)) say(describeConsole(said))
  const seconds = Math.round((performance.now() - startedMs) / 1000)
  const compared = describeCompared(sum(verdict.results))
  say(`  ${verdict.kernel}: ${compared} in ${seconds} s`)
  return verdict.results
}

/** A machine that cannot even be put together has ended, too. */
async function boot(platform: Platform, onLine: (line: string) => void): Promise<Ending> {
  const { architecture } = platform
  try {
    const image = imageOf(platform)
    const initrd = initrds.get(architecture) ?? stage(architecture, folder)
    initrds.set(architecture, initrd)
    const command = bootCommand(platform, image, await initrd)
    return await runMachine(command, { limitMs: LIMIT_MS, onLine })
  } catch (error) {
    return { said: '', why: error instanceof Error ? error.message : String(error) }
  }
}
