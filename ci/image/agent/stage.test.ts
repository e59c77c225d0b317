import { mkdtempDisposableSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { ownArchitecture } from '../parts.ts'
import { stageAgent } from './stage.ts'

test("the agent's image adds its bundles, koffi, libbpf with what it loads, and the kernel programs", async () => {
  using root = mkdtempDisposableSync(join(tmpdir(), 'podatlas-stage-'))
  await stageAgent(root.path, ownArchitecture)
  const files = readdirSync(root.path, { recursive: true, withFileTypes: true })
    .filter(entry => !entry.isDirectory())
    .map(entry => join(relative(root.path, entry.parentPath), entry.name))
  const koffi = `app/node_modules/@koromix/koffi-linux-${process.arch}`
  expect(files.filter(file => !isLibrary(file)).toSorted()).toEqual([
    'app/agent.cjs',
    `${koffi}/index.js`,
    `${koffi}/linux_${process.arch}/koffi.node`,
    `${koffi}/package.json`,
    'app/relay.cjs',
    'app/run.cjs',
    'app/start.cjs',
    'usr/bin/podatlas-agent',
    'usr/lib/podatlas/podatlas.bpf.o',
  ])
  const libraries = files.filter(isLibrary).map(file => file.replace(/^.*\/([^/.]+)[^/]*$/, '$1'))
  // Node has the C and C++ libraries already; whether libelf unpacks zstd is up to the distribution.
  expect(libraries.filter(name => name !== 'libzstd').toSorted()).toEqual([
    'libbpf',
    'libelf',
    'libz',
  ])
})

test('what runs for months is bundled without what only the start needs', async () => {
  using root = mkdtempDisposableSync(join(tmpdir(), 'podatlas-stage-'))
  await stageAgent(root.path, ownArchitecture)
  const packagesOf = (file: string) => {
    const text = readFileSync(join(root.path, 'app', file), 'utf8')
    const named = text.matchAll(/^\/\/ (?:\.\.\/)*node_modules\/([^/]+)\//gm)
    return [...new Set([...named].map(([, name = '']) => name))].toSorted((a, b) =>
      a < b ? -1 : 1,
    )
  }
  expect(packagesOf('agent.cjs')).toEqual([])
  expect(packagesOf('start.cjs')).toEqual(['koffi', 'yaml', 'zod'])
  expect(packagesOf('run.cjs')).toEqual(['koffi', 'snappyjs'])
})

function isLibrary(file: string): boolean {
  return /^(usr\/)?lib(64)?\/([^/]*\/)?[^/]+\.so(\.\d+)*$/.test(file)
}
