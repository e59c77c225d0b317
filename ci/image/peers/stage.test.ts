import { mkdtempDisposableSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { run } from '../run.ts'
import { stagePeers } from './stage.ts'

test('the bundle of peers starts by itself, without the classes of the Kubernetes client', async () => {
  using root = mkdtempDisposableSync(join(tmpdir(), 'podatlas-stage-'))
  await stagePeers(root.path)
  const program = join(root.path, 'app/peers.mjs')
  expect(await run(process.execPath, [program, '--help'])).toContain('podatlas-peers')
  const code = readFileSync(program, 'utf8')
  expect(code).toContain('loadFromCluster')
  expect(code).not.toMatch(/V1Pod(Spec|List)\b/)
})
