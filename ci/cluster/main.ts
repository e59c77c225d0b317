import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildInit } from '../image/sandbox/build.ts'
import { cleanUp, refuseOtherCluster } from './cleanup.ts'
import { runIsolated } from './isolation.ts'
import { progress } from './progress.ts'
import { countResults } from './tests.ts'

/** `node ci/cluster/main.ts [--keep]`: a real Kubernetes node, the chart on it, and its tests. */
const { values } = parseArgs({ options: { keep: { type: 'boolean', default: false } } })

const ending = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort())

refuseOtherCluster()
const root = mkdtempSync(join(tmpdir(), 'podatlas-cluster-'))
let code = 1
try {
  const init = join(root, 'init')
  await buildInit(init)
  const inside = join(import.meta.dirname, 'inside.ts')
  const purpose = values.keep ? 'keep' : 'test'
  code = await runIsolated(init, [process.execPath, inside, root, purpose], ending.signal)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
}
const { passed, failed } = countResults(root)
await cleanUp(root)
progress('everything is removed')
if (!values.keep) {
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed > 0 || passed === 0 ? 1 : code
}
