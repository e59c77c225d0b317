import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { chartFolder, template, valuesFiles } from './helm.ts'

type Leaf = { readonly path: string; readonly value: unknown }

/** Every value that is no map with keys of its own, by its path. */
function leaves(value: unknown, path = ''): Leaf[] {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (!isMap || Object.keys(value).length === 0) return [{ path, value }]
  return Object.entries(value).flatMap(([key, inner]) => {
    const name = key.replaceAll('.', '\\.')
    return leaves(inner, path === '' ? name : `${path}.${name}`)
  })
}

/** Another value of the same shape. */
function changed(value: unknown): unknown {
  if (typeof value === 'boolean') return !value
  if (typeof value === 'number') return value + 1
  if (Array.isArray(value)) return [...value, { name: 'changed' }]
  if (typeof value === 'object') return { changed: { labels: {} } }
  return 'changed'
}

async function outcome(args: readonly string[]): Promise<string> {
  try {
    return await template(['--skip-schema-validation', ...args])
  } catch (error) {
    return `refused: ${String(error)}`
  }
}

/** What a change can show in: some values work only together with others. The first shows most of them. */
const uses = [
  ...valuesFiles.map(path => ['--values', path]),
  // A cluster that knows no objects of the Prometheus Operator.
  [
    `--values=${join(chartFolder, 'ci/service-monitor-values.yaml')}`,
    '--api-versions=apiregistration.k8s.io/v1',
  ],
].toSorted(
  (a, b) => Number(b.join().includes('persistent')) - Number(a.join().includes('persistent')),
)

const unchanged = uses.map(use => outcome(use))

const all = leaves(parseYaml(readFileSync(join(chartFolder, 'values.yaml'), 'utf8')))

test.concurrent.each(all)('$path does something', async ({ path, value }) => {
  const change = `--set-json=${path}=${JSON.stringify(changed(value))}`
  for (const [index, use] of uses.entries()) {
    if ((await outcome([...use, change])) !== (await unchanged[index])) return
  }
  expect.fail(`${path}: changing it changes no render`)
})
