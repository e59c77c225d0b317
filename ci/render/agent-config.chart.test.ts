import { mkdirSync, mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { readConfig } from '../../agent/config.ts'
import { makeAuthority, type Authority, type Pair } from '../../agent/sinks/test/certificates.ts'
import { chartFolder, fileOf, render, valuesFiles } from './helm.ts'

let authority: Authority
let pair: Pair
beforeAll(() => {
  authority = makeAuthority()
  pair = authority.issue('DNS:client.example')
})
afterAll(() => authority[Symbol.dispose]())

const Item = z.object({ path: z.string() })
const Secret = z.object({ items: z.array(Item) })
const DaemonSet = z.object({ spec: z.object({ template: z.object({ spec: z.unknown() }) }) })
const Pod = z.object({
  volumes: z.array(
    z.object({
      name: z.string(),
      secret: Secret.optional(),
      projected: z.object({ sources: z.array(z.object({ secret: Secret })) }).optional(),
    }),
  ),
  containers: z.tuple([
    z.object({ volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string() })) }),
  ]),
})

/** Puts what a pod mounts of Secrets below `root`, as the kubelet would below `/`. */
function mountSecrets(root: string, objects: Awaited<ReturnType<typeof render>>): void {
  const daemonSet = objects.find(({ kind }) => kind === 'DaemonSet')
  const { volumes, containers } = Pod.parse(DaemonSet.parse(daemonSet).spec.template.spec)
  const held: Readonly<Record<string, string>> = {
    'ca.crt': authority.ca,
    'tls.crt': pair.cert,
    'tls.key': pair.key,
  }
  for (const { name, secret, projected } of volumes) {
    const secrets = [
      ...(secret ? [secret] : []),
      ...(projected?.sources ?? []).map(one => one.secret),
    ]
    const mount = containers[0].volumeMounts.find(one => one.name === name)
    for (const { path } of secrets.flatMap(({ items }) => items)) {
      const file = join(root, mount?.mountPath ?? 'nowhere', path)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, held[path] ?? 'secret')
    }
  }
}

/** What the agent makes of the files that the chart gives it, with the environment of a pod. */
async function agentConfig(args: readonly string[]) {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'podatlas-config-'))
  const file = join(folder.path, 'agent.yaml')
  const objects = await render(args)
  mountSecrets(folder.path, objects)
  const text = fileOf(objects, 'podatlas-agent', 'agent.yaml')
  // Files are read, and the folder of spools is made.
  writeFileSync(file, text.replaceAll(/: (\/etc\/podatlas-|\/host\/spool)/g, `: ${folder.path}$1`))
  const config = readConfig(['--config', file], {
    NODE_NAME: 'node-a',
    KUBERNETES_SERVICE_HOST: '203.0.113.1',
  })
  if (config === 'help') throw new Error('the agent shows its help instead of starting')
  return config
}

test.each(valuesFiles.map(path => [basename(path), path] as const))(
  'the agent starts with what %s makes of its configuration',
  async (_, path) => {
    const config = await agentConfig(['--values', path])
    expect(config).toMatchObject({
      nodeName: 'node-a',
      cgroupRoot: '/host/cgroup',
      listen: { host: '0.0.0.0', port: 8080 },
      apiServer: { url: 'https://203.0.113.1:443' },
      daemonSet: 'observability/podatlas-agent',
      kernel: { pinDirectory: '/host/bpf/podatlas' },
      udp: 'auto',
    })
  },
)

test('values arrive at the agent', async () => {
  const config = await agentConfig([
    '--set=cluster.name=staging',
    '--set=agent.interval=30s',
    '--set=agent.series.budget=500',
    '--set=agent.series.priorityNamespaces={shop}',
    '--set=agent.series.idle=10m',
    '--set=agent.labels.add={container_image,zone}',
    '--set=agent.labels.drop={destination_port}',
    '--set=agent.processes.enabled=true',
    '--set=agent.names2021.enabled=true',
    '--set=agent.udp=off',
    '--set=agent.kernel.maxFlows=2048',
    '--set=agent.kernel.maxSockets=4096',
    '--set=agent.kernel.pinDirectory=/run/bpffs/atlas',
    '--set=sinks.debug.type=stdout',
    '--set=sinks.debug.format=json',
    '--set=sinks.default.spool.maxBytes=1Gi',
    '--set=sinks.default.spool.maxAge=2h',
    '--set=sinks.default.queueLimit=5000',
    '--set=sinks.default.maxParallel=2',
  ])
  expect(config).toMatchObject({
    cluster: 'staging',
    intervalMs: 30_000,
    maxSeries: 500,
    priorityNamespaces: ['shop'],
    seriesIdleMs: 600_000,
    labels: { add: ['container_image', 'zone'], drop: ['destination_port'], processes: true },
    names2021: true,
    udp: 'off',
    kernel: { maxFlows: 2048, maxSockets: 4096, pinDirectory: '/host/bpf/atlas' },
    sinks: {
      default: {
        type: 'prometheus',
        endpoint: 'http://podatlas-prometheus.observability.svc:9090/api/v1/write',
        spool: { enabled: true, maxBytes: 2 ** 30, maxAge: 7_200_000 },
        queueLimit: 5_000,
        maxParallel: 2,
      },
      debug: { type: 'stdout', format: 'json' },
    },
  })
})

test('how to reach a receiver arrives at the agent', async () => {
  const config = await agentConfig([
    `--values=${join(chartFolder, 'ci/private-receiver-only-values.yaml')}`,
    '--set=sinks.default.proxyUrl=http://own.example.com:8080',
  ])
  expect(config).toMatchObject({
    sinks: {
      default: {
        headers: { 'X-Scope-OrgID': 'shop' },
        timeout: 10_000,
        tokenFile: expect.stringMatching(/\/etc\/podatlas-sinks\/default\/token$/),
        proxyUrl: 'http://own.example.com:8080',
        tls: {
          caFile: expect.stringMatching(/\/etc\/podatlas-tls\/default\/ca\.crt$/),
          certFile: expect.stringMatching(/\/tls\.crt$/),
          keyFile: expect.stringMatching(/\/tls\.key$/),
          serverName: 'metrics.internal',
          insecureSkipVerify: false,
        },
      },
      near: { proxyUrl: 'http://proxy.example.com:3128' },
    },
  })
})

test('headers from Secrets arrive as files, and a value that changes changes no pod', async () => {
  const header = 'sinks.default.secretHeaders.values.X-Scope-OrgID'
  const config = await agentConfig([`--set=${header}=one`])
  expect(config).toMatchObject({
    sinks: {
      default: {
        headers: {},
        headerFiles: {
          'X-Scope-OrgID': expect.stringMatching(/\/podatlas-headers\/default\/X-Scope-OrgID$/),
        },
      },
    },
  })
  const [one, other] = await Promise.all(
    ['one', 'two'].map(value => render([`--set=${header}=${value}`])),
  )
  const withoutSecrets = (objects: typeof one) => objects?.filter(({ kind }) => kind !== 'Secret')
  expect(one).not.toEqual(other)
  expect(withoutSecrets(one)).toEqual(withoutSecrets(other))
})

test.each([
  ['otlp', ['endpoint=http://otel.example.com:4318']],
  ['newrelic', ['account=1', 'credentials.existingSecret=nr']],
])('bounds of what waits arrive at a sink of type %s', async (type, own) => {
  const bounds = ['spool.maxBytes=64Mi', 'spool.enabled=false', 'queueLimit=7', 'maxParallel=3']
  const settings = [`type=${type}`, ...own, ...bounds]
  const config = await agentConfig(settings.map(setting => `--set=sinks.one.${setting}`))
  expect(config.sinks['one']).toMatchObject({
    spool: { enabled: false, maxBytes: 2 ** 26 },
    queueLimit: 7,
    maxParallel: 3,
  })
})

test('what waits is kept in a folder of the release, which goes with the DaemonSet', async () => {
  const config = await agentConfig(['--set=agent.kernel.pinDirectory='])
  expect(config.spoolDirectory).toMatch(/\/host\/spool\/observability_podatlas$/)
  expect(config.daemonSet).toBe('observability/podatlas-agent')
})

test('an agent that is to leave no trace makes no pins and no spool, and looks for none', async () => {
  const nothing = ['--set=agent.kernel.pinDirectory=', '--set=agent.spool.enabled=false']
  const config = await agentConfig([...nothing, '--set=agent.udp=off'])
  expect(config).not.toHaveProperty('spoolDirectory')
  expect(config).toMatchObject({ kernel: { pinDirectory: '' }, udp: 'off' })
  expect(config).not.toHaveProperty('daemonSet')
})

test('the namespaces of policies keep their remote ends longest, together with those of a choice', async () => {
  const policies = {
    one: { namespaces: ['shop', 'web'], allow: { countries: ['DE'] } },
    two: { namespaces: ['shop'], deny: { countries: ['FR'] } },
    all: { deny: { countries: ['AQ'] } },
  }
  const config = await agentConfig([
    `--set-json=geofence.policies=${JSON.stringify(policies)}`,
    '--set=agent.series.priorityNamespaces={bank,web}',
  ])
  expect(config).toMatchObject({ priorityNamespaces: ['shop', 'web', 'bank'] })
})
