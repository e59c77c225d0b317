import type { Reporter } from 'vitest/node'
import { z } from 'zod'

const Meta = z.looseObject({ seen: z.record(z.string(), z.number()).default({}) })

/** Adds up what the tests that passed say in their `meta` that they have seen: suites, cases, renders, values. */
export const seen: Reporter = {
  onTestRunEnd: modules => {
    const counts = new Map<string, { passed: number; all: number }>()
    for (const module of modules)
      for (const test of module.children.allTests())
        for (const [what, number] of Object.entries(Meta.parse(test.meta()).seen)) {
          const count = counts.get(what) ?? { passed: 0, all: 0 }
          count.all += number
          if (test.result().state === 'passed') count.passed += number
          counts.set(what, count)
        }
    for (const [what, { passed, all }] of counts) console.log(`${what}: ${passed} of ${all}`)
  },
}
