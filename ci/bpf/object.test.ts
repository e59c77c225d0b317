import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempDisposableSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const repository = join(import.meta.dirname, '../..')

test('equal sources give an equal kernel object, wherever their checkout lies', () => {
  using room = mkdtempDisposableSync(join(tmpdir(), 'podatlas-bpf-'))
  const [here, there] = ['one', 'another/deeper'].map(name => {
    const checkout = join(room.path, name)
    for (const folder of ['bpf', 'ci/bpf']) {
      cpSync(join(repository, folder), join(checkout, folder), { recursive: true })
    }
    const object = join(checkout, 'podatlas.bpf.o')
    execFileSync(join(checkout, 'ci/bpf/build.sh'), [object])
    return readFileSync(object)
  })
  expect(here!.equals(there!)).toBe(true)
}, 120_000)
