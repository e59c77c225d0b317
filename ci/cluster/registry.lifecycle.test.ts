import { mkdtempDisposableSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { images } from '../image/images.ts'
import { run } from '../image/run.ts'
import { version } from '../image/version.ts'
import { packageChart } from '../package/chart.ts'
import { sha256Of } from '../package/checksums.ts'
import { type Registry, startRegistry } from '../tools/registry.ts'
import { toolPath } from '../tools/tool.ts'
import { ctr } from './containerd.ts'
import { chart, helmOf } from './install.ts'
import { settled } from './release-state.ts'
import { folders, kubectl } from './running.ts'

const namespace = 'air-gapped'
const components = ['agent', 'geoip', 'peers', 'prometheus']
const workloads = components.map(
  name => `${name === 'agent' ? 'daemonset' : 'deployment'}/air-gapped-podatlas-${name}`,
)
const patience = { timeout: 90_000, interval: 500 }
const Images = z.object({
  items: z.array(
    z.object({ spec: z.object({ containers: z.array(z.object({ image: z.string() })) }) }),
  ),
})
const room = mkdtempDisposableSync(join(tmpdir(), 'podatlas-packaged-'))
const archive = join(room.path, `podatlas-${version}.tgz`)
let registry: Registry
/** By component: the name of its image in the registry, with tag and digest. */
const pushed: Record<string, string> = {}

beforeAll(async () => {
  registry = await startRegistry()
  await packageChart(room.path, join(room.path, 'work'))
  for (const name of components) pushed[name] = await pushImage(name)
})
afterEach(async () => {
  await helm('helm', 'uninstall', '--ignore-not-found')
  await vi.waitFor(async () => expect(await imagesOfPods()).toEqual([]), patience)
  await kubectl(['delete', 'namespace', namespace])
  await forget()
})
afterAll(async () => {
  await registry[Symbol.asyncDispose]()
  room.remove()
})

test.for(['helm3', 'helm'] as const)(
  '%s pushes the chart to a registry, has the same bytes from there, and installs it with images of that registry by digest',
  async program => {
    const remote = `oci://${registry.address}/charts-of-${program}`
    const insecure = ['--plain-http']
    await run(toolPath(program, 'helm'), ['push', archive, remote, ...insecure])
    const folder = mkdtempDisposableSync(join(room.path, program))
    const source = [`${remote}/podatlas`, '--version', version, ...insecure]
    await run(toolPath(program, 'helm'), ['pull', ...source, '--destination', folder.path])
    expect(sha256Of(join(folder.path, `podatlas-${version}.tgz`))).toBe(sha256Of(archive))

    const digests = components.map(name => `${name}.image.digest=${pushed[name]!.split('@')[1]}`)
    // An agent beside that of the other tests, without Grafana, whose image cannot be had here.
    const beside = ['grafana.enabled=false', 'agent.udp=off', 'agent.kernel.pinDirectory=']
    const airGapped = ['--values', join(chart, 'ci/air-gapped-values.yaml')]
    const changes = [`global.imageRegistry=${registry.address}/mirror`, ...digests, ...beside]
    await helm(program, 'install', ...source, ...airGapped, `--set=${changes.join(',')}`)
    await settled(namespace, workloads)
    expect(await imagesOfPods()).toEqual(Object.values(pushed).toSorted())
    const events = ['-n', namespace, 'get', 'events', '--field-selector', 'reason=Pulled']
    const messages = '-o=jsonpath={range .items[*]}{.message}{"\\n"}{end}'
    await vi.waitFor(async () => {
      const pulled = await kubectl([...events, messages])
      for (const name of components) expect(pulled).toContain(`pulled image "${pushed[name]}"`)
    }, patience)
  },
)

function helm(program: 'helm' | 'helm3', verb: string, ...args: string[]): Promise<string> {
  const release = { name: 'air-gapped', namespace, helm: program }
  return helmOf(folders, release)(
    verb,
    ...args,
    ...(verb === 'install' ? ['--create-namespace'] : []),
  )
}

/** Gives the node's own image to the registry, below mirror/, and has the node forget that name. */
async function pushImage(component: string): Promise<string> {
  const { reference } = images.find(({ name }) => name === component)!
  const path = reference.replace('docker.io/', 'mirror/')
  const name = `${registry.address}/${path}`
  await ctr('--namespace', 'k8s.io', 'images', 'tag', reference, name)
  await ctr('--namespace', 'k8s.io', 'images', 'push', '--plain-http', name)
  await forget()
  const [repository, tag] = path.split(':')
  const response = await fetch(`http://${registry.address}/v2/${repository}/manifests/${tag}`, {
    method: 'HEAD',
  })
  return `${name}@${response.headers.get('docker-content-digest')}`
}

/** The node has no image of the registry, by no name. */
async function forget(): Promise<void> {
  const listed = await ctr('--namespace', 'k8s.io', 'images', 'list', '--quiet')
  const ours = listed.split('\n').filter(name => name.startsWith(registry.address))
  if (ours.length > 0) await ctr('--namespace', 'k8s.io', 'images', 'remove', ...ours)
}

async function imagesOfPods(): Promise<string[]> {
  const { items } = Images.parse(
    JSON.parse(await kubectl(['-n', namespace, 'get', 'pods', '-o', 'json'])),
  )
  return items.flatMap(({ spec }) => spec.containers.map(({ image }) => image)).toSorted()
}
