import { execFile } from 'node:child_process'
import { copyFileSync, mkdtempDisposableSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { toolPath } from '../tools/tool.ts'
import { chartFolder, fileOf, render, valuesFiles } from './helm.ts'

const run = promisify(execFile)
const ruleTests = join(chartFolder, 'tests/rules')

/** A folder that holds what the chart renders as rules.yml, whichever object carries it. */
async function ruleFolder(args: readonly string[]) {
  const manifests = await render(args)
  const object = manifests.find(({ kind }) => kind === 'PrometheusRule')
  const rules = object
    ? stringify(object['spec'])
    : fileOf(manifests, 'podatlas-rules', 'rules.yml')
  const folder = mkdtempDisposableSync(join(tmpdir(), 'podatlas-rules-'))
  writeFileSync(join(folder.path, 'rules.yml'), rules)
  return folder
}

test.each(valuesFiles.map(path => [basename(path), path] as const))(
  'promtool finds nothing to say about the rules of %s',
  async (_, path) => {
    // Where nobody takes rules, for whom they would be.
    using folder = await ruleFolder(['--values', path, '--set=rules.configMap.enabled=true'])
    const args = ['check', 'rules', '--lint=all', '--lint-fatal', join(folder.path, 'rules.yml')]
    const { stdout } = await run(toolPath('prometheus', 'promtool'), args)
    expect(stdout).toMatch(/SUCCESS: \d+ rules found/)
  },
)

test('a rule file and an object of the Prometheus Operator hold the same groups', async () => {
  const manifests = await render([`--values=${join(chartFolder, 'tests/everything-values.yaml')}`])
  const object = manifests.find(({ kind }) => kind === 'PrometheusRule')
  expect(object?.['spec']).toEqual(parse(fileOf(manifests, 'podatlas-rules', 'rules.yml')))
})

test.each(readdirSync(ruleTests))('the rules do what chart/tests/rules/%s says', async name => {
  using folder = await ruleFolder(['--values', join(chartFolder, 'tests/rules-values.yaml')])
  const copy = join(folder.path, name)
  copyFileSync(join(ruleTests, name), copy)
  // On a fault promtool prints the difference and exits with 1.
  await run(toolPath('prometheus', 'promtool'), ['test', 'rules', copy])
})
