import { execFile } from 'node:child_process'
import { globSync, mkdtempDisposableSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { version } from '../image/version.ts'
import { toolPath } from '../tools/tool.ts'
import { helms, parse, template } from './helm.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
const pages = globSync(['*.md', 'chart/*.md', 'docs/*.md'], { cwd: root }).map(path =>
  join(root, path),
)
/** Fenced blocks of all pages, by the page and what they hold. */
const blocks = pages.flatMap(page =>
  [...readFileSync(page, 'utf8').matchAll(/^```(\w*)\n(.*?)^```/gms)].map(
    ([, language, text = '']) => ({ page: relative(root, page), language, text }),
  ),
)
const commands = blocks.filter(({ text }) => /\bhelm (install|upgrade|template) /.test(text))
// Where files are named, it is what an agent reads that runs on its own: the chart takes Secrets.
const values = blocks.filter(
  ({ text }) => /^(agent|cluster|geofence|prometheus|sinks):/.test(text) && !/\bcaFile:/.test(text),
)

/** Flags that `helm template` does not know. */
const onlyOnClusters = new Set(['--install', '--wait'])

describe.each(commands)('$page: $text', ({ text }) => {
  test('renders what it says, with flags that both versions of Helm know', async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'podatlas-readme-'))
    const file = join(folder.path, 'values.yaml')
    writeFileSync(file, values[0]?.text ?? '')
    const lines = await helmCommands(text, folder.path)
    expect(lines.length).toBeGreaterThan(0)
    for (const helm of helms)
      for (const [verb = '', ...given] of lines) {
        await expectKnown(helm, verb, given)
        const [release = '', chart = '', ...args] = given.filter(arg => !onlyOnClusters.has(arg))
        expect(chart).toMatch(/^(chart\/|oci:\/\/\S+\/podatlas)$/)
        const here = args.map(arg => (arg === 'values.yaml' ? file : arg))
        expect(parse(await template(here, { release, helm })).length).toBeGreaterThan(0)
      }
  })
})

test.each(values)('$page: its values are taken: $text', async ({ text }) => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'podatlas-readme-'))
  const file = join(folder.path, 'values.yaml')
  writeFileSync(file, text)
  expect(await template(['--values', file])).not.toBe(await template())
})

test('pages name this version of chart and images, and no other', () => {
  const named = pages.flatMap(page => [
    ...readFileSync(page, 'utf8').matchAll(/--version (\S+)|\bpodatlas\/\w+:(\d\S*)/g),
  ])
  expect(named.length).toBeGreaterThan(2)
  const versions = named.map(([, ofChart, ofImage]) => ofChart ?? ofImage)
  expect([...new Set(versions)]).toEqual([version])
})

test('the pages have such lines and values at all', () => {
  expect([...new Set(commands.map(({ page }) => page))]).toEqual(
    expect.arrayContaining(['README.md', 'chart/README.md']),
  )
  expect(values.map(({ page }) => page)).toEqual(
    expect.arrayContaining(['README.md', 'chart/README.md']),
  )
})

/** What the lines of a block would call Helm with: a shell reads them, and every program in them is a stub. */
async function helmCommands(text: string, folder: string): Promise<string[][]> {
  const log = join(folder, 'log')
  writeFileSync(log, '')
  const stub = (name: string, script: string) =>
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  stub('helm', `printf '%s\\0' "$@" >> '${log}'; printf '\\n' >> '${log}'`)
  for (const other of ['kubectl', 'npm']) stub(other, 'exit 0')
  await run('/bin/sh', ['-euc', text], { cwd: folder, env: { PATH: folder } })
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter(line => line !== '')
    .map(line => line.split('\0').slice(0, -1))
}

async function expectKnown(helm: (typeof helms)[number], verb: string, args: readonly string[]) {
  const { stdout } = await run(toolPath(helm, 'helm'), [verb, '--help'])
  for (const arg of args.filter(one => one.startsWith('-'))) {
    const flag = arg.replace(/=.*/, '')
    expect(stdout, `${helm} ${verb}`).toMatch(
      new RegExp(`^ +(-\\w, )?${flag}\\b|^ +${flag}, `, 'm'),
    )
  }
}
