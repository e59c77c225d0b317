import { join } from 'node:path'
import { startVitest } from 'vitest/node'
import { seen } from './seen.ts'

// Every test of the chart, and what they have seen of it.
const vitest = await startVitest('test', [], {
  config: join(import.meta.dirname, '../vitest.config.ts'),
  project: ['chart'],
  run: true,
  reporters: ['default', seen],
})
await vitest.close()
