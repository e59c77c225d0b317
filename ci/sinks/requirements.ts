import type { Reporter } from 'vitest/node'

/** Suites of the tests that each hold a destination's documented requirement. */
const SPECIFICATIONS = /^(Remote-Write \d\.\d|OTLP \d+\.\d+|New Relic Event API)$/

/** Says how many requirements of each specification have a test that passed: the tests of a suite of its name. */
export const requirements: Reporter = {
  onTestRunEnd: modules => {
    const covered = new Map<string, { passed: number; all: number }>()
    for (const module of modules)
      for (const test of module.children.allTests()) {
        const { parent } = test
        if (parent.type !== 'suite' || !SPECIFICATIONS.test(parent.name)) continue
        const count = covered.get(parent.name) ?? { passed: 0, all: 0 }
        count.all += 1
        if (test.result().state === 'passed') count.passed += 1
        covered.set(parent.name, count)
      }
    for (const [name, { passed, all }] of [...covered].toSorted(byName))
      console.log(`${name}: ${passed} of ${all} requirements covered`)
  },
}

function byName([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number {
  return left.localeCompare(right)
}
