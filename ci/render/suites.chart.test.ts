import { execFile } from 'node:child_process'
import { globSync, mkdtempDisposableSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify, stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { toolPath } from '../tools/tool.ts'
import { chartFolder, valuesFiles } from './helm.ts'

/** Runs all suites of chart/tests and returns what failed in words, and how many cases each suite has. */
async function runSuites() {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'podatlas-suites-'))
  const report = join(folder.path, 'report.xml')
  const args = ['--strict', '--output-type', 'JUnit', '--output-file', report, chartFolder]
  const output = await promisify(execFile)(toolPath('helm-unittest'), args).then(
    ({ stdout }) => stdout,
    (error: Error & { stdout?: string }) => `${error.stdout}\n${error.message}`,
  )
  const suites = [
    ...readFileSync(report, 'utf8').matchAll(
      /<testsuite [^>]*tests="(\d+)" failures="(\d+)" errors="(\d+)"/g,
    ),
  ]
  return { output: stripVTControlCharacters(output), suites }
}

test('the schema is tried with the values of each way of use', () => {
  const suite = readFileSync(join(chartFolder, 'tests/schema_test.yaml'), 'utf8')
  const tried = [...suite.matchAll(/values: \[\.\.\/ci\/(\S+)\]/g)].map(([, name]) => name)
  expect(tried).toEqual(valuesFiles.map(path => basename(path)).toSorted())
})

test('the text of a template is compared in the suite of NOTES only: of YAML it is empty, and matches nothing', () => {
  const files = globSync(join(chartFolder, 'tests/*_test.yaml'))
  const raw = files.filter(file => /(Regex|equal)Raw:/i.test(readFileSync(file, 'utf8')))
  expect(raw.map(file => basename(file))).toEqual(['notes_test.yaml'])
})

test('every case of every suite in chart/tests passes', async ({ task }) => {
  const { output, suites } = await runSuites()
  const files = readdirSync(join(chartFolder, 'tests')).filter(name => name.endsWith('_test.yaml'))
  expect(suites.length, output).toBe(files.length)
  const broken = suites.filter(
    ([, cases, failures, errors]) => cases === '0' || failures !== '0' || errors !== '0',
  )
  expect(broken, output).toEqual([])
  const cases = suites.reduce((sum, [, count]) => sum + Number(count), 0)
  Object.assign(task.meta, { seen: { suites: suites.length, cases } })
})
