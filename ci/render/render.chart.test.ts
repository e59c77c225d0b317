import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { chartFolder, parse, render, template, valuesFiles } from './helm.ts'
import { containers, imagesOf, workloads } from './pods.ts'

const notNamespaced = new Set(['ClusterRole', 'ClusterRoleBinding'])

describe.each(valuesFiles.map(path => [basename(path), path] as const))('%s', (_, path) => {
  const values = ['--values', path]

  test('renders to the same bytes twice, and with Helm 3', async ({ task }) => {
    const rendered = await template(values)
    expect(await template(values)).toBe(rendered)
    const byHelm3 = await template(values, { helm: 'helm3' })
    expect(documentsOf(byHelm3)).toEqual(documentsOf(rendered))
    Object.assign(task.meta, { seen: { 'renders compared': 2 } })
  })

  test('no object, variable, port, volume or mount is there twice', async () => {
    const manifests = await render(values)
    const objects = manifests.map(
      ({ kind, metadata }) => `${kind} ${metadata.namespace} ${metadata.name}`,
    )
    expect(duplicates(objects)).toEqual([])
    for (const workload of workloads(manifests)) {
      expect(duplicates(workload.spec.template.spec.volumes.map(({ name }) => name))).toEqual([])
      for (const { env, ports, volumeMounts } of containers(workload)) {
        expect(duplicates(env.map(({ name }) => name))).toEqual([])
        expect(duplicates(ports.map(({ name }) => name))).toEqual([])
        expect(duplicates(volumeMounts.map(({ mountPath }) => mountPath))).toEqual([])
      }
    }
  })

  test('every mount has its volume', async () => {
    for (const workload of workloads(await render(values))) {
      const volumes = workload.spec.template.spec.volumes.map(({ name }) => name)
      const mounted = containers(workload).flatMap(one => one.volumeMounts.map(({ name }) => name))
      expect(volumes.toSorted()).toEqual([...new Set(mounted)].toSorted())
    }
  })

  test('every selector selects its own pods and is made of three labels', async () => {
    for (const { spec } of workloads(await render(values))) {
      expect(Object.keys(spec.selector.matchLabels).toSorted()).toEqual([
        'app.kubernetes.io/component',
        'app.kubernetes.io/instance',
        'app.kubernetes.io/name',
      ])
      expect(spec.template.metadata.labels).toMatchObject(spec.selector.matchLabels)
    }
  })

  test('every image has a tag that is not latest, and obeys the global registry', async () => {
    const registry = 'registry.example.org/all'
    const manifests = await render([...values, '--set', `global.imageRegistry=${registry}`])
    const images = imagesOf(manifests)
    expect(images).not.toEqual([])
    for (const image of images) {
      expect(image).toMatch(/^registry\.example\.org\/all\/[a-z/]+:v?\d+\.\d+\.\d+$/)
    }
  })

  test('every namespaced object is in the namespace asked for', async () => {
    const manifests = await render([...values, '--set', 'namespaceOverride=elsewhere'])
    const own = manifests.filter(
      ({ kind, metadata }) => !notNamespaced.has(kind) && metadata.name.startsWith('podatlas'),
    )
    expect(new Set(own.map(({ metadata }) => metadata.namespace))).toEqual(new Set(['elsewhere']))
  })

  test('two releases share no object, in one namespace or by one name in two', async () => {
    const first = await objectsOf(values, 'one', 'here')
    const others = [
      ...(await objectsOf(values, 'two', 'here')),
      ...(await objectsOf(values, 'one', 'there')),
    ]
    expect(first.filter(name => others.includes(name))).toEqual([])
  })
})

test('long release names that begin alike keep their objects apart and fit a Service', async () => {
  const [first, second] = [`${'a'.repeat(52)}b`, `${'a'.repeat(52)}c`]
  const objects = await objectsOf([], first, 'here')
  const others = await objectsOf([], second, 'here')
  expect(objects.filter(one => others.includes(one))).toEqual([])
  const names = parse(await template([], { release: first })).map(({ metadata }) => metadata.name)
  const service = names.find(one => one.endsWith('-prometheus'))
  expect(service?.length).toBeLessThanOrEqual(63)
})

test('agents restart when their configuration changes, and not otherwise', async () => {
  const before = await checksumOf([])
  expect(before).toMatch(/^[0-9a-f]{64}$/)
  expect(await checksumOf(['--set=agent.interval=20s'])).not.toBe(before)
  expect(await checksumOf(['--set=prometheus.retention.time=1d'])).toBe(before)
})

test('the release namespace is read in one place', () => {
  const templates = globSync(join(chartFolder, 'templates/**/*'), { withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
  expect(templates.join('\n').split('.Release.Namespace')).toHaveLength(2)
})

test('the images of all renders are those that Chart.yaml announces and the README lists', async () => {
  const renders = await Promise.all(valuesFiles.map(path => render(['--values', path])))
  // Their registry is one of their user's own.
  const used = renders
    .flatMap(imagesOf)
    .map(image => image.replace('registry.example.com/mirror/', 'docker.io/'))
  const chart = parseYaml(readFileSync(join(chartFolder, 'Chart.yaml'), 'utf8'))
  const announced: { image: string }[] = parseYaml(chart.annotations['artifacthub.io/images'])
  expect(announced.map(({ image }) => image).toSorted()).toEqual([...new Set(used)].toSorted())
  const readme = readFileSync(join(chartFolder, 'README.md'), 'utf8')
  const listed = [...readme.matchAll(/^\| `(docker\.io\/\S+)` \|/gm)].map(([, image]) => image)
  // Our own have the chart's version.
  const named = used.map(image => image.replace(/^(docker\.io\/podatlas\/\w+):.*/, '$1'))
  expect(new Set(listed)).toEqual(new Set(named))
})

/** The objects as text: the versions of Helm leave other blank lines between them. */
function documentsOf(rendered: string): string[] {
  return rendered.split(/^---$/m).map(text => text.trim())
}

async function checksumOf(args: readonly string[]) {
  const agent = workloads(await render(args)).find(({ kind }) => kind === 'DaemonSet')
  return agent?.spec.template.metadata.annotations['checksum/config']
}

async function objectsOf(values: readonly string[], release: string, namespace: string) {
  const rendered = await template(values, { release, namespace })
  return parse(rendered).map(
    ({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''} ${metadata.name}`,
  )
}

function duplicates(names: readonly string[]): string[] {
  return names.filter((name, index) => names.indexOf(name) !== index)
}
