import { expect, test } from 'vitest'
import { benches } from './benches.ts'
import type { Result } from './result.ts'

/** The agent's is about a whole process, and takes as long as its first interval. */
const names = Object.keys(benches).filter(name => name !== 'agent')

// A benchmark throws when what podatlas counted is not what the programs at both ends say.
test.each(names)('%s: all ways give equal answers', async name => {
  const results: Result[] = []
  await benches[name]?.({ isSmall: true, print: result => results.push(result) })
  expect(results.length).toBeGreaterThan(0)
  expect(results.map(({ bench }) => bench)).toEqual(results.map(() => name))
})
