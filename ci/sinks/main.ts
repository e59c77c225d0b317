import { join } from 'node:path'
import { startVitest } from 'vitest/node'
import { requirements } from './requirements.ts'

// Every test of the sinks, and how much of each specification they cover.
const vitest = await startVitest('test', [join('agent', 'sinks')], {
  config: join(import.meta.dirname, '../vitest.config.ts'),
  project: ['unit'],
  run: true,
  reporters: ['default', requirements],
})
await vitest.close()
