import { cpSync, mkdtempDisposableSync, mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { chartFolder, parse, template } from './helm.ts'

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

test('works as a part of another chart, which hands it global values of its own', async () => {
  using parent = parentChart()
  const args = ['--set', 'global.other=1', '--set', 'podatlas.enabled=true']
  const kinds = parse(await template(args, { chart: parent.path })).map(({ kind }) => kind)
  expect(kinds).toContain('DaemonSet')
})

test('leaves nothing when the other chart switches it off', async () => {
  using parent = parentChart()
  const rendered = await template(['--set', 'podatlas.enabled=false'], { chart: parent.path })
  expect(parse(rendered)).toEqual([])
})
