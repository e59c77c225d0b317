import { mkdir, mkdtempDisposable, readdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { removeLeftovers, runName } from './leftovers.ts'

test('only what a dead run of this process namespace left is removed', async () => {
  const [, , namespace = '', pid, ticks] = runName().split('-')
  const kept = [
    runName(),
    `podatlas-start-${Number(namespace) + 1}-${pid}-1`,
    `podatlas-start-${namespace}-${pid}`,
    `podatlas-start-${namespace}-${pid}-1-notes`,
    'podatlas-check-x',
    'somebody-else',
  ].toSorted()
  const dead = [
    // The process id was given to another process since.
    `podatlas-start-${namespace}-${pid}-${Number(ticks) - 1}`,
    // Process ids end at 4194304.
    `podatlas-start-${namespace}-9999999-1`,
  ]
  await using folders = await mkdtempDisposable(join(tmpdir(), 'leftovers-'))
  await using cgroups = await mkdtempDisposable(join(tmpdir(), 'leftovers-'))
  for (const name of [...kept, ...dead]) {
    await mkdir(join(folders.path, name))
    await writeFile(join(folders.path, name, 'agent.log'), '')
    await mkdir(join(cgroups.path, name, 'web.service'), { recursive: true })
  }
  await removeLeftovers(folders.path, cgroups.path)
  expect((await readdir(folders.path)).toSorted()).toEqual(kept)
  expect((await readdir(cgroups.path)).toSorted()).toEqual(kept)
})
