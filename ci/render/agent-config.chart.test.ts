import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { readConfig } from '../../agent/config.ts'
import { fileOf, render, valuesFiles } from './helm.ts'

/** What the agent makes of the file that the chart gives it, with the environment of a pod. */
async function agentConfig(args: readonly string[]) {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'podatlas-config-'))
  const file = join(folder.path, 'agent.yaml')
  writeFileSync(file, fileOf(await render(args), 'podatlas-agent', 'agent.yaml'))
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
      },
      debug: { type: 'stdout', format: 'json' },
    },
  })
})

test('an agent that is to leave no trace makes no pins and looks for none', async () => {
  const config = await agentConfig(['--set=agent.kernel.pinDirectory=', '--set=agent.udp=off'])
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
