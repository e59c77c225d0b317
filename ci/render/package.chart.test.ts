import { execFile } from 'node:child_process'
import { mkdtempDisposableSync, readdirSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { toolPath } from '../tools/tool.ts'
import { chartFolder } from './helm.ts'

const run = promisify(execFile)

test('the package holds what a release needs and nothing else', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'podatlas-package-'))
  await run(toolPath('helm'), ['package', chartFolder, '--destination', folder.path])
  const [name = ''] = readdirSync(folder.path)
  expect(name).toMatch(/^podatlas-\d+\.\d+\.\d+\.tgz$/)
  const { stdout } = await run('tar', ['-tzf', join(folder.path, name)])
  const top = stdout
    .trim()
    .split('\n')
    .map(path => String(path.split('/')[1]))
  expect([...new Set(top)].toSorted()).toEqual([
    '.helmignore',
    'Chart.yaml',
    'README.md',
    'files',
    'templates',
    'values.schema.json',
    'values.yaml',
  ])
  // Each release's Secret holds all of it, and etcd takes 1 MiB at most.
  expect(statSync(join(folder.path, name)).size).toBeLessThan(128 * 1024)
})

test('helm lint has nothing to say', async () => {
  const { stdout } = await run(toolPath('helm'), ['lint', '--strict', chartFolder])
  expect(stdout).toContain('1 chart(s) linted, 0 chart(s) failed')
  expect(stdout).not.toMatch(/\[(INFO|WARNING|ERROR)\]/)
})
