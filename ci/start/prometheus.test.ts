import { chmod, mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findPrometheus } from './prometheus.ts'

test('the first program of that name is taken, not a folder or a file that cannot run', async () => {
  await using root = await mkdtempDisposable(join(tmpdir(), 'prometheus-'))
  const [folder = '', text = '', program = '', later = ''] = ['a', 'b', 'c', 'd'].map(name =>
    join(root.path, name),
  )
  await mkdir(join(folder, 'prometheus'), { recursive: true })
  for (const parent of [text, program, later]) {
    await mkdir(parent)
    await writeFile(join(parent, 'prometheus'), '')
  }
  for (const parent of [program, later]) await chmod(join(parent, 'prometheus'), 0o755)
  expect(findPrometheus(['', '.', folder, text, program, later])).toBe(join(program, 'prometheus'))
})

test('where there is none, one line says how to get it', () => {
  expect(() => findPrometheus(['/nowhere'])).toThrow(
    'prometheus: not in PATH. Install it (apt-get install prometheus)',
  )
})
