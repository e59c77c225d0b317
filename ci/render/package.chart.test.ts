import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdtempDisposableSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { toolPath } from '../tools/tool.ts'
import { version } from '../image/version.ts'
import { packagedChart } from '../package/test/packaged-chart.ts'
import { chartFolder, render, template } from './helm.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')

const https = z.url({ protocol: /^https$/ })
const Chart = z.looseObject({
  description: z.string().min(20),
  icon: z.string(),
  home: https,
  sources: z.array(https).min(1),
  maintainers: z.array(z.looseObject({ name: z.string(), url: https })).min(1),
  version: z.string(),
  appVersion: z.string(),
})

/** What Artifact Hub makes of annotations, or refuses a chart for. */
const yamlOf = <Schema extends z.ZodType>(schema: Schema) =>
  z
    .string()
    .transform(text => parse(text) as unknown)
    .pipe(schema)
const yesOrNo = z.enum(['true', 'false'])
const Annotations = z.strictObject({
  'artifacthub.io/category': z.literal('monitoring-logging'),
  'artifacthub.io/changes': yamlOf(
    z.array(
      z.strictObject({
        kind: z.enum(['added', 'changed', 'deprecated', 'removed', 'fixed', 'security']),
        description: z.string().min(1),
      }),
    ),
  ),
  'artifacthub.io/containsSecurityUpdates': yesOrNo,
  'artifacthub.io/images': yamlOf(
    z.array(z.strictObject({ name: z.string(), image: z.string().regex(/^\S+:v?\d+\.\d+\.\d+$/) })),
  ),
  'artifacthub.io/license': z.literal('Apache-2.0'),
  'artifacthub.io/links': yamlOf(z.array(z.strictObject({ name: z.string().min(1), url: https }))),
  'artifacthub.io/operator': yesOrNo,
  'artifacthub.io/prerelease': yesOrNo,
  'artifacthub.io/screenshots': yamlOf(
    z.array(z.strictObject({ title: z.string().min(1), url: https })),
  ),
})

test('the package holds what a release needs and nothing else', async () => {
  using chart = await packagedChart()
  expect(chart.file).toMatch(/\/podatlas-\d+\.\d+\.\d+\.tgz$/)
  const { stdout } = await run('tar', ['-tzf', chart.file])
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
  expect(statSync(chart.file).size).toBeLessThan(128 * 1024)
})

test('the package tells Artifact Hub its changes, images, links and pictures, and whether it is a prerelease', async () => {
  using chart = await packagedChart()
  const { stdout } = await run(toolPath('helm'), ['show', 'chart', chart.file])
  const { annotations } = z.looseObject({ annotations: Annotations }).parse(parse(stdout))
  const changelog = readFileSync(join(root, 'docs/CHANGELOG.md'), 'utf8')
  const [newest = ''] = changelog.split(/^## /m).slice(1)
  const entries = [...newest.matchAll(/^- \[[A-Z]+\] (.+)$/gm)].map(([, text]) => text)
  expect(newest.startsWith(version)).toBe(true)
  const changes = annotations['artifacthub.io/changes']
  expect(changes.map(({ description }) => description)).toEqual(entries)
  const isEarly = /^0\.|-/.test(version)
  expect(annotations['artifacthub.io/prerelease']).toBe(String(isEarly))
  const ours = annotations['artifacthub.io/images'].filter(({ image }) =>
    /\/podatlas\//.test(image),
  )
  expect(ours.map(({ image }) => image.split(':')[1])).toEqual(Array(3).fill(version))
  for (const { url } of [
    ...annotations['artifacthub.io/links'],
    ...annotations['artifacthub.io/screenshots'],
  ]) {
    const [, path] = /\/main\/(.+)$/.exec(url) ?? []
    if (path !== undefined) expect(existsSync(join(root, path)), url).toBe(true)
  }
})

test('Chart.yaml tells those who look for charts what they show, with an icon that needs no network', () => {
  const chart = Chart.parse(parse(readFileSync(join(chartFolder, 'Chart.yaml'), 'utf8')))
  const [, icon = ''] = /^data:image\/svg\+xml;base64,(.+)$/.exec(chart.icon) ?? []
  expect(Buffer.from(icon, 'base64').toString()).toMatch(/^<svg [^>]*xmlns="[^"]+"/)
  expect([chart.version, chart.appVersion]).toEqual([version, version])
})

test('versions of Kubernetes are taken from 1.25 on, those of cloud providers too', async () => {
  expect(await objectsFor('v1.25.0-eks-1')).toBeGreaterThan(0)
  expect(await objectsFor('v1.36.1-gke.1')).toBeGreaterThan(0)
  await expect(objectsFor('v1.24.9')).rejects.toThrow(/requires kubeVersion: >=1\.25\.0-0/)
})

test.each([
  ['files/dashboards', 'the chart holds no dashboards'],
  ['files/rules/traffic.yaml', 'the chart lacks files/rules/traffic.yaml'],
])('a package without %s is refused, and does not ship nothing', async (path, words) => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'podatlas-lacking-'))
  cpSync(chartFolder, folder.path, { recursive: true })
  rmSync(join(folder.path, path), { recursive: true })
  await expect(template([], { chart: folder.path })).rejects.toThrow(words)
})

test('helm lint has nothing to say', async () => {
  const { stdout } = await run(toolPath('helm'), ['lint', '--strict', chartFolder])
  expect(stdout).toContain('1 chart(s) linted, 0 chart(s) failed')
  expect(stdout).not.toMatch(/\[(INFO|WARNING|ERROR)\]/)
})

/** How many objects the chart makes for a version of Kubernetes. */
async function objectsFor(kubernetes: string): Promise<number> {
  return (await render([`--kube-version=${kubernetes}`])).length
}
