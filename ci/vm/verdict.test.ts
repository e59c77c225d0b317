import { describe, expect, test } from 'vitest'
import { MARK, type Answer } from './answer.ts'
import { runMachine } from './machine.ts'
import { answerIn, sum, verdictOf, type Verdict } from './verdict.ts'

const promises = ['counts', 'counts twice']
const compared = { connections: 1, datagrams: 2, bytes: 3 }
const allKept = [
  { kernel: '6.1' },
  ...promises.flatMap(name => [{ begins: name }, { name, seconds: 1, compared }]),
  { ends: true },
]

/** What a machine comes to whose console shows this; `after` is what it does then. */
async function verdictOfMachine(lines: readonly string[], after = 'true'): Promise<Verdict> {
  const answers: Answer[] = []
  const script = `printf '%s\\r\\n' "$@"; ${after}`
  const { why } = await runMachine(['sh', '-c', script, 'sh', ...lines], {
    limitMs: 500,
    onLine: line => answers.push(...[answerIn(line)].filter(answer => answer !== undefined)),
  })
  return verdictOf(promises, answers, why)
}

function said(...answers: readonly object[]): string[] {
  return answers.map(answer => MARK + JSON.stringify(answer))
}

function failures({ results }: Verdict): (string | undefined)[] {
  return results.map(({ failure }) => failure)
}

test('a machine that keeps each promise passes, and what it compared is added up', async () => {
  const verdict = await verdictOfMachine(['[    0.1] booting', ...said(...allKept)])
  expect(failures(verdict)).toEqual([undefined, undefined, undefined])
  expect(verdict.kernel).toBe('6.1')
  expect(sum(verdict.results)).toEqual({ connections: 2, datagrams: 4, bytes: 6 })
})

describe('every promise counts as broken when the machine', () => {
  test.each([
    ['prints nothing', [], 'true', /ended by itself \(exit code 0\)/],
    ['cannot be started', [], 'exit 127', /exit code 127/],
    ['crashes while it boots', ['Kernel panic - not syncing'], 'exit 1', /exit code 1/],
    ['hangs', ['[    0.1] booting'], 'exec sleep 60', /ended by force after 0.5 s/],
  ])('%s', async (_, lines, after, why) => {
    const found = failures(await verdictOfMachine(lines, after))
    expect(found).toHaveLength(3)
    for (const failure of found) expect(failure).toMatch(why)
  })
})

test('a machine that crashes half way: what it kept passes, the rest is broken, and where it was is said', async () => {
  const verdict = await verdictOfMachine(said(...allKept.slice(0, 4)), 'kill -SEGV $$')
  expect(failures(verdict)).toEqual([
    undefined,
    'no answer, but it began: ended by itself (SIGSEGV)',
    'no answer: ended by itself (SIGSEGV)',
  ])
  expect(sum(verdict.results)).toEqual(compared)
})

test("a broken promise is shown with the machine's own words, and adds nothing to what was compared", async () => {
  const broken = { name: 'counts', seconds: 1, failure: '1 byte too much' }
  const verdict = await verdictOfMachine(said(broken, ...allKept.slice(3)))
  expect(failures(verdict)).toEqual(['1 byte too much', undefined, undefined])
  expect(sum(verdict.results)).toEqual(compared)
})

test.each([
  ['cut off', said({ name: 'counts', seconds: 1, compared })[0]?.slice(0, -1)],
  ['said twice', said(...Array.from({ length: 2 }, () => allKept[2] ?? {})).join('\n')],
  ['of another promise', said({ name: 'counts once', seconds: 1, compared })[0]],
])('an answer that is %s is none', async (_, line = '') => {
  const [failure] = failures(
    await verdictOfMachine([...line.split('\n'), ...said(...allKept.slice(3))]),
  )
  expect(failure).toMatch(/no answer|2 answers/)
})
