import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { addresses } from './addresses.ts'
import { startEnforcer } from './enforcer.ts'
import { createPod, podAddress, podOf } from './example/pod.ts'
import { chart, helmOf, values } from './install.ts'
import { createNamespace } from './namespace.ts'
import { worldNamespace } from './network.ts'
import { type Place, placeOf, reachedFrom } from './reach.ts'
import { settled } from './release-state.ts'
import { folders, kubectl, promql } from './running.ts'
import { type Service, startService } from './service.ts'

const namespace = 'podatlas'
const helm = helmOf(folders)
const patience = { timeout: 90_000, interval: 500 }
const components = ['agent', 'geoip', 'grafana', 'peers', 'prometheus'] as const
// Grafana's image cannot be had here: its pod waits, with an address and a network of its own.
const running = ['daemonset/podatlas-agent'].concat(
  ['geoip', 'peers', 'prometheus'].map(name => `deployment/podatlas-${name}`),
)
const ports = { agent: 8080, geoip: 8080, grafana: 3000, peers: 8080, prometheus: 9090 }
/** What anybody who is no pod of the release can reach, whatever the release says. */
const elsewhere = {
  'API server': `${addresses.apiService}:443`,
  'name server': `${addresses.node}:53`,
  'port 7000': '192.0.2.20:7000',
  'port 3128': '192.0.2.20:3128',
  'port 8443': '192.0.2.20:8443',
  'a listed network': '192.0.2.40:7000',
}
const strangers = { neighbour: namespace, stranger: 'foreign', collector: 'observability' }
const services: Service[] = []
let enforcer: AsyncDisposable

beforeAll(async () => {
  for (const name of ['foreign', 'observability']) await createNamespace(kubectl, name)
  for (const [name, where] of Object.entries(strangers)) {
    await createPod(where, name, podOf({ [name]: ['serve', '0.0.0.0:7000'] }))
  }
  await upgrade()
  enforcer = await startEnforcer(folders)
  // Where the release was just installed anew, its pod gets its address late: nobody waits for it.
  const { network, address } = await vi.waitFor(placeOfGrafana, patience)
  serve('grafana', network, `${address}:3000`)
  serve('proxy', worldNamespace, '192.0.2.20:3128', '192.0.2.20:8443')
  for (const [name, where] of Object.entries(strangers)) await podAddress(where, name)
})
afterAll(async () => {
  await upgrade()
  await enforcer[Symbol.asyncDispose]()
  for (const { process } of services) {
    process.kill()
    if (process.exitCode === null && process.signalCode === null) await once(process, 'exit')
  }
  await kubectl([
    '-n',
    namespace,
    'delete',
    'pod/neighbour',
    'secret/remote-write',
    '--ignore-not-found',
    '--now',
  ])
  await kubectl(['delete', '--wait=false', 'namespace', 'foreign', 'observability'])
})

test('without network policies everybody reaches everybody', async () => {
  await vi.waitFor(async () => {
    for (const [name, reached] of Object.entries(await everybody())) {
      expect(reached, name).toEqual(order)
    }
  }, patience)
})

const ofStrangers = [...Object.keys(strangers), ...Object.keys(elsewhere)]
const order = [...components, ...ofStrangers]
/** What the default values allow, in that order. */
const allowed = {
  agent: ['agent', 'prometheus', 'API server', 'name server'],
  geoip: ['geoip', 'prometheus', 'name server'],
  grafana: ['grafana', 'prometheus', 'name server'],
  peers: ['peers', 'prometheus', 'API server', 'name server'],
  prometheus: ['geoip', 'peers', 'prometheus', 'name server'],
  neighbour: ofStrangers,
  stranger: ofStrangers,
  collector: ofStrangers,
  'outside the cluster': ofStrangers,
}

test('with them each component reaches what it needs, nothing else does anybody reach, and nobody else reaches it', async () => {
  await upgrade('--set=networkPolicy.enabled=true')
  await vi.waitFor(async () => expect(await everybody()).toEqual(allowed), patience)
})

test('pods that start under them become ready, have names and places, and are scraped', async () => {
  const startedS = Date.now() / 1000
  const pods = `app.kubernetes.io/component in (agent, geoip, peers, prometheus)`
  await kubectl(['-n', namespace, 'delete', 'pods', '-l', pods])
  await settled(namespace, running)
  await vi.waitFor(async () => {
    const up = await promql('up == 1')
    expect(up.map(({ labels }) => `${labels['job']}`).toSorted()).toEqual(['geo', 'peers'])
    const [newest] = await promql('max(timestamp(podatlas_transmit_bytes_total{k8s_pod!=""}))')
    expect(newest?.value).toBeGreaterThan(startedS)
  }, patience)
  expect(await helm('test', '--timeout=90s')).toMatch(/Phase:\s+Succeeded/)
})

test('the policies of a restricted cluster let agents out to sinks and proxies, all to what is listed, and the Ingress in to Grafana', async () => {
  const literals = ['username=agent', 'password=none'].map(pair => `--from-literal=${pair}`)
  await kubectl(['-n', namespace, 'create', 'secret', 'generic', 'remote-write', ...literals])
  // The network that the file lists is that of the pods here.
  const listed = 'networkPolicy.extraEgress=[{"to": [{"ipBlock": {"cidr": "192.0.2.40/32"}}]}]'
  await upgrade('--values', join(chart, 'ci/restricted-values.yaml'), `--set-json=${listed}`)
  await vi.waitFor(async () => {
    expect(await everybody()).toEqual({
      ...allowed,
      agent: withMore('agent', ['collector', 'port 3128', 'port 8443', 'a listed network']),
      geoip: withMore('geoip', ['a listed network']),
      grafana: withMore('grafana', ['a listed network']),
      peers: withMore('peers', ['a listed network']),
      prometheus: withMore('prometheus', ['a listed network']),
      'outside the cluster': withMore('outside the cluster', ['grafana']),
    })
  }, patience)
})

/** What is allowed by default, and more. */
function withMore(name: keyof typeof allowed, more: readonly string[]): string[] {
  return order.filter(target => allowed[name].includes(target) || more.includes(target))
}

async function upgrade(...changes: string[]): Promise<void> {
  await helm('upgrade', chart, '--values', values, ...changes)
  await settled(namespace, running)
}

/** Whom each pod, and somebody outside the cluster, reaches. */
async function everybody(): Promise<Record<string, string[]>> {
  const places: Record<string, Place> = {}
  for (const name of components) places[name] = await placeOf(namespace, isComponent(name))
  for (const [name, where] of Object.entries(strangers))
    places[name] = await placeOf(where, named(name))
  const targets = {
    ...mapped(components, name => `${places[name]!.address}:${ports[name]}`),
    ...mapped(Object.keys(strangers), name => `${places[name]!.address}:7000`),
    ...elsewhere,
  }
  const sources = { ...places, 'outside the cluster': { network: worldNamespace } }
  const reached = Object.entries(sources).map(
    async ([name, { network }]) => [name, await reachedFrom(network, targets)] as const,
  )
  return Object.fromEntries(await Promise.all(reached))
}

function mapped<Name extends string>(names: readonly Name[], to: (name: Name) => string) {
  return Object.fromEntries(names.map(name => [name, to(name)]))
}

async function placeOfGrafana(): Promise<Place> {
  return await placeOf(namespace, isComponent('grafana'))
}

function isComponent(name: string): string[] {
  return ['-l', `app.kubernetes.io/instance=podatlas,app.kubernetes.io/component=${name}`]
}

function named(name: string): string[] {
  return ['--field-selector', `metadata.name=${name}`]
}

/** A server in somebody else's network, that ends with these tests. */
function serve(name: string, network: string, ...at: string[]): void {
  const talk = join(import.meta.dirname, 'example/talk.ts')
  const command = [`--net=${network}`, process.execPath, talk, 'serve', ...at]
  services.push(startService(folders.logs, 'nsenter', command, `policies-${name}`))
}
