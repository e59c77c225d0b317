import { sumOf, type Compared } from '../../agent/kernel/test/scenario.ts'
import { MARK, type Answer } from './answer.ts'

export type Result = {
  readonly name: string
  readonly seconds?: number
  readonly compared?: Compared
  /** Absent when the promise was kept. */
  readonly failure?: string
}

/** What a machine's answers come to. */
export type Verdict = {
  /** The release, in the machine's own words. */
  readonly kernel: string
  /** One for each promise and one for the machine itself, whatever it did. */
  readonly results: readonly Result[]
  /** The broken ones of which the machine did not say so itself. */
  readonly unanswered: readonly Result[]
}

/** The answer in a line of the console, if there is one. */
export function answerIn(line: string): Answer | undefined {
  const at = line.indexOf(MARK)
  if (at < 0) return undefined
  try {
    return JSON.parse(line.slice(at + MARK.length))
  } catch {
    return undefined // cut off, or mixed with the kernel's words: then it is missing
  }
}

/**
 * Judges the answers by the promises that had to be kept: one without exactly one answer was broken.
 * `why` says how the machine ended.
 */
export function verdictOf(
  promises: readonly string[],
  answers: readonly Answer[],
  why: string,
): Verdict {
  const begun = answers.findLast(answer => 'begins' in answer)?.begins
  const kept = promises.map((name): Result => {
    const [answer, ...more] = answers
      .filter(each => 'name' in each)
      .filter(each => each.name === name)
    if (!answer)
      return { name, failure: `no answer${name === begun ? ', but it began' : ''}: ${why}` }
    return more.length === 0
      ? answer
      : { name, failure: `${more.length + 1} answers instead of one` }
  })
  const isWhole = answers.some(answer => 'ends' in answer)
  const end: Result = {
    name: 'the machine came to its end',
    ...(isWhole ? {} : { failure: `no answer: ${why}` }),
  }
  const results = [...kept, end]
  return {
    kernel: answers.find(answer => 'kernel' in answer)?.kernel ?? 'a kernel that did not answer',
    results,
    unanswered: results.filter(
      result => result.failure !== undefined && !answers.some(answer => answer === result),
    ),
  }
}

/** Adds up what was compared, where it was equal. */
export function sum(results: readonly Result[]): Compared {
  return sumOf(
    results.flatMap(({ compared, failure }) =>
      compared && failure === undefined ? [compared] : [],
    ),
  )
}
