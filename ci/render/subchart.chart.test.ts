import { cpSync, mkdtempDisposableSync, mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { chartFolder, helms, parse, template } from './helm.ts'

/** A chart that holds nothing but podatlas, as many keep one for all they install. */
function parentChart() {
  const folder = mkdtempDisposableSync(join(tmpdir(), 'podatlas-parent-'))
  mkdirSync(join(folder.path, 'charts'))
  cpSync(chartFolder, join(folder.path, 'charts/podatlas'), { recursive: true })
  writeFileSync(
    join(folder.path, 'Chart.yaml'),
    `apiVersion: v2
name: parent
version: 1.0.0
dependencies:
  - {name: podatlas, version: "*", condition: podatlas.enabled}
`,
  )
  return folder
}

describe.each(helms)('%s', helm => {
  test('takes it as a part of another chart, which hands it global values of its own', async () => {
    using parent = parentChart()
    const args = ['--set', 'global.other=1', '--set', 'podatlas.enabled=true']
    const objects = parse(await template(args, { chart: parent.path, helm }))
    expect(objects.map(({ kind }) => kind)).toContain('DaemonSet')
  })

  test('leaves nothing when the other chart switches it off', async () => {
    using parent = parentChart()
    const off = ['--set', 'podatlas.enabled=false']
    expect(parse(await template(off, { chart: parent.path, helm }))).toEqual([])
  })
})
