import { expect, test } from 'vitest'
import { benches } from './benches.ts'
import type { Result } from './result.ts'

// A benchmark throws when what podatlas counted is not what the programs at both ends say.
test.each(Object.keys(benches))('%s: all ways give equal answers', async name => {
  const results: Result[] = []
  await benches[name]?.({ isSmall: true, print: result => results.push(result) })
  expect(results.length).toBeGreaterThan(0)
  expect(results.map(({ bench }) => bench)).toEqual(results.map(() => name))
})
