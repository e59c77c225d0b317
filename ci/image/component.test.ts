import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { debianComponent, npmComponents } from './component.ts'

test('a package of Debian whose licence nobody has read fails the build, and says what to do', () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'podatlas-component-'))
  const fields = ['Package: libnew1', 'Version: 1.0-1', 'Architecture: amd64', 'Origin: debian']
  writeFileSync(join(folder.path, 'control'), [...fields, 'SHA256: 0'].join('\n'))
  expect(() => debianComponent(folder.path)).toThrow(
    'libnew1: read its copyright, and add it to ci/image/licences.ts',
  )
})

test('what was bundled is told by package, with the checksum that the lock file has', () => {
  const sources = ['agent/main.ts', 'node_modules/zod/v4/a.js', 'node_modules/zod/v4/b.js']
  expect(npmComponents(sources)).toEqual([
    expect.objectContaining({
      name: 'zod',
      license: 'MIT',
      purl: expect.stringMatching(/^pkg:npm\/zod@\d/),
      checksum: { algorithm: 'SHA512', value: expect.stringMatching(/^[0-9a-f]{128}$/) },
      notices: [expect.stringMatching(/node_modules\/zod\/LICENSE$/)],
    }),
  ])
})
