import { execFile } from 'node:child_process'
import { mkdtempDisposableSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { toolPath } from '../tools/tool.ts'
import { chartFolder, render } from './helm.ts'

const run = promisify(execFile)

const https = z.url({ protocol: /^https$/ })
const Chart = z.looseObject({
  description: z.string().min(20),
  icon: z.string(),
  home: https,
  sources: z.array(https).min(1),
  maintainers: z.array(z.looseObject({ name: z.string(), url: https })).min(1),
  annotations: z.record(z.string(), z.string()),
})

test('the package holds what a release needs and nothing else', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'podatlas-package-'))
  await run(toolPath('helm'), ['package', chartFolder, '--destination', folder.path])
  const [name = ''] = readdirSync(folder.path)
  expect(name).toMatch(/^podatlas-\d+\.\d+\.\d+\.tgz$/)
  const { stdout } = await run('tar', ['-tzf', join(folder.path, name)])
  const top = stdout
    .trim()
    .split('\n')
    .map(path => String(path.split('/')[1]))
  expect([...new Set(top)].toSorted()).toEqual([
    '.helmignore',
    'Chart.yaml',
    'README.md',
    'files',
    'templates',
    'values.schema.json',
    'values.yaml',
  ])
  // Each release's Secret holds all of it, and etcd takes 1 MiB at most.
  expect(statSync(join(folder.path, name)).size).toBeLessThan(128 * 1024)
})

test('Chart.yaml tells those who look for charts what they show, with an icon that needs no network', () => {
  const chart = Chart.parse(parse(readFileSync(join(chartFolder, 'Chart.yaml'), 'utf8')))
  const [, icon = ''] = /^data:image\/svg\+xml;base64,(.+)$/.exec(chart.icon) ?? []
  expect(Buffer.from(icon, 'base64').toString()).toMatch(/^<svg [^>]*xmlns="[^"]+"/)
  for (const name of ['category', 'license', 'images', 'links'])
    expect(chart.annotations).toHaveProperty([`artifacthub.io/${name}`])
})

test('versions of Kubernetes are taken from 1.25 on, those of cloud providers too', async () => {
  expect(await objectsFor('v1.25.0-eks-1')).toBeGreaterThan(0)
  expect(await objectsFor('v1.36.1-gke.1')).toBeGreaterThan(0)
  await expect(objectsFor('v1.24.9')).rejects.toThrow(/requires kubeVersion: >=1\.25\.0-0/)
})

test('helm lint has nothing to say', async () => {
  const { stdout } = await run(toolPath('helm'), ['lint', '--strict', chartFolder])
  expect(stdout).toContain('1 chart(s) linted, 0 chart(s) failed')
  expect(stdout).not.toMatch(/\[(INFO|WARNING|ERROR)\]/)
})

/** How many objects the chart makes for a version of Kubernetes. */
async function objectsFor(version: string): Promise<number> {
  return (await render([`--kube-version=${version}`])).length
}
