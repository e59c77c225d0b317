import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildInit } from '../image/sandbox/build.ts'
import { cleanUp, refuseUnfitMachine } from './cleanup.ts'
import { runIsolated } from './isolation.ts'
import { progress } from './progress.ts'
import { countResults, suiteNamed } from './tests.ts'

/**
 * `node ci/cluster/main.ts [--keep] [--suite lifecycle] [FILTER...]`: a real Kubernetes node, the chart on it, and its
 * tests, or those of a suite or of some files.
 */
const { values, positionals: filters } = parseArgs({
  options: {
    keep: { type: 'boolean', default: false },
    suite: { type: 'string', default: 'all' },
  },
  allowPositionals: true,
})

const ending = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort())

const { passed, failed } = await raiseAndTest().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  return { passed: 0, failed: 1 }
})
if (!values.keep) console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

/** Whatever happens inside, nothing is left afterwards. */
async function raiseAndTest(): Promise<{ passed: number; failed: number }> {
  const suite = suiteNamed(values.suite)
  refuseUnfitMachine()
  const root = mkdtempSync(join(tmpdir(), 'podatlas-cluster-'))
  try {
    const init = join(root, 'init')
    await buildInit(init)
    const inside = join(import.meta.dirname, 'inside.ts')
    const purpose = values.keep ? 'keep' : 'test'
    const command = [process.execPath, inside, root, purpose, suite, ...filters]
    const code = await runIsolated(init, command, ending.signal)
    return values.keep ? { passed: 0, failed: code } : countResults(root, code, { suite, filters })
  } finally {
    await cleanUp(root)
    progress('everything is removed')
  }
}
