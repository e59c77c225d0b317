import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { readConfig } from './config.ts'
import { Settings } from './settings.ts'
import { poorLines } from './test/fault-lines.ts'
import { sinkSchemas } from './sinks/options.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'podatlas-config-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function file(text: string): string {
  const path = join(folder, 'agent.yaml')
  writeFileSync(path, text)
  return path
}

const read = (text: string, args: string[] = [], env = {}) =>
  readConfig(['--config', file(text), ...args], env)

test('without any setting the agent counts on this machine and prints to stdout', () => {
  expect(readConfig([], {})).toEqual({
    nodeName: hostname(),
    cluster: '',
    intervalMs: 10_000,
    maxSeries: 10_000,
    seriesIdleMs: 3_600_000,
    priorityNamespaces: [],
    labels: { add: [], drop: [], processes: false },
    names2021: false,
    listen: { port: 8080 },
    cgroupRoot: '',
    command: 'run',
    kernel: {
      bytecode: '/usr/lib/podatlas/podatlas.bpf.o',
      maxFlows: 32_768,
      maxSockets: 131_072,
      pinDirectory: '/sys/fs/bpf/podatlas',
    },
    udp: 'auto',
    sinks: { stdout: { type: 'stdout', format: 'text', queueLimit: 100_000 } },
    verbosity: 0,
  })
})

test('a folder of spools that cannot be is named with the fix', () => {
  const directory = join(file('spool: {}'), 'spool')
  expect(() => readConfig(['--spool-directory', directory], {})).toThrow(
    /^--spool-directory: E.*Let the agent's user write to .*, or choose another folder$/,
  )
})

test('a folder of spools where no folder can be made is told, not tried for ever', () => {
  expect(() => readConfig(['--spool-directory', '/proc/podatlas/spool'], {})).toThrow(
    /^--spool-directory: ENOENT.*Let the agent's user write to \/proc\/podatlas\/spool, or choose another folder$/,
  )
})

test('a file of YAML sets everything', () => {
  const text = `
nodeName: node-7
cluster: berlin
interval: 1m
seriesIdle: 2h
labels: { add: [container_image, zone], drop: [destination_port] }
processes: on
names2021: true
listen: "[::1]:9000"
kernel: { maxFlows: 2048, maxSockets: 4096, pinDirectory: "" }
udp: off
sinks:
  main: { type: prometheus, endpoint: "http://prometheus:9090/api/v1/write" }
  debug: { type: stdout, format: json }
`
  expect(read(text)).toMatchObject({
    nodeName: 'node-7',
    cluster: 'berlin',
    intervalMs: 60_000,
    seriesIdleMs: 7_200_000,
    labels: { add: ['container_image', 'zone'], drop: ['destination_port'], processes: true },
    names2021: true,
    listen: { host: '::1', port: 9000 },
    kernel: { maxFlows: 2048, maxSockets: 4096, pinDirectory: '' },
    udp: 'off',
    sinks: { main: { endpoint: 'http://prometheus:9090/api/v1/write' }, debug: { format: 'json' } },
  })
})

test('the command line wins over CONVIS_ARGS, which wins over the file; sinks replace those of the file', () => {
  const text =
    'interval: 20s\nnodeName: f\nkernel: { maxFlows: 2048 }\nsinks: { a: { type: stdout } }'
  const env = { CONVIS_ARGS: ' --interval 30s  --node-name e --sink stdout,format=json' }
  const config = read(text, ['--interval', '40s', '--bytecode', 'x.o'], env)
  expect(config).toMatchObject({
    intervalMs: 40_000,
    nodeName: 'e',
    kernel: { maxFlows: 2048, bytecode: 'x.o' },
    sinks: { stdout: { format: 'json' } },
  })
  expect(config).not.toHaveProperty('sinks.a')
})

test('in a pod the API server and the node are taken from the environment', () => {
  const env = {
    KUBERNETES_SERVICE_HOST: 'fd00::1',
    KUBERNETES_SERVICE_PORT: '6443',
    NODE_NAME: 'n',
  }
  expect(readConfig([], env)).toMatchObject({
    nodeName: 'n',
    apiServer: {
      url: 'https://[fd00::1]:6443',
      tokenFile: '/var/run/secrets/kubernetes.io/serviceaccount/token',
      caFile: '/var/run/secrets/kubernetes.io/serviceaccount/ca.crt',
    },
  })
  expect(read('kubernetes: { enabled: off }', [], env)).not.toHaveProperty('apiServer')
  expect(read('kubernetes: { enabled: false }', [], env)).not.toHaveProperty('apiServer')
})

test('a file with several faults names all of them in one go, each with its place', () => {
  const text = `
intervall: 10s
maxSeries: many
listen: here
sinks:
  main: { type: prometheus, endpoint: "prometheus:9090" }
  copy: { type: kafka }
  more: { type: stdout, colour: red }
`
  const faults = `${folder}/agent.yaml: `
  expect(() => read(text)).toThrow(
    [
      `${faults}maxSeries: is a text. Write a number`,
      `${faults}listen: write HOST:PORT or :PORT, such as 127.0.0.1:8080`,
      `${faults}sinks.main.endpoint: use a URL like http://prometheus:9090/api/v1/write`,
      `${faults}sinks.copy.type: unknown sink. Use one of: ${Object.keys(sinkSchemas).join(', ')}`,
      `${faults}sinks.more: unknown setting colour. Correct its spelling or remove it`,
      `${faults}the whole file: unknown setting intervall. Correct its spelling or remove it`,
    ].join('\n'),
  )
})

test.each([
  ['interval: 10', /interval: write a number with a unit, such as 10s or 2m, from 1s to 5m$/],
  ['interval: 6m', /interval: .* from 1s to 5m$/],
  ['interval: 999ms', /interval: .* from 1s to 5m$/],
  ['sinks: {}', /sinks: name at least one sink, such as stdout$/],
  ['sinks:', /sinks: is empty. Write settings by their names, such as \{name: value\}$/],
  ['sinks: [stdout]', /sinks: is a list. Write settings by their names, such as \{name: value\}$/],
  [
    '- a list',
    /the whole file: is a list. Write settings by their names, such as \{name: value\}$/,
  ],
  [
    'a: b: c',
    /^--config: cannot read .*agent\.yaml: .* at line 1, column 4\. Give a file of YAML or JSON, with quotes around texts that hold signs$/,
  ],
  ['kubernetes: { apiServer: "http://10.0.0.1" }', /kubernetes\.apiServer: use a URL like https/],
  ['kubernetes: { enabled: on }', /^kubernetes\.enabled: is on, but KUBERNETES_SERVICE_HOST is/],
  ['kernel: { pinDirectory: pins }', /kernel\.pinDirectory: write an absolute path/],
  ['kernel: { pinDirectory: /sys/fs/bpf/x/ }', /kernel\.pinDirectory: .* without a slash/],
  ['kernel: { maxSockets: 10 }', /kernel\.maxSockets: is too small. Write 1024 or more$/],
  ['kernel: { maxFlows: 10000000 }', /kernel\.maxFlows: is too large. Write 1048576 or less$/],
  [
    'labels: { drop: [source_host] }',
    /labels\.drop\.0: use k8s_namespace, .*, role; source_host stays: it keeps the series of two nodes apart$/,
  ],
  ['labels: { add: [container] }', /labels\.add\.0: use container_image, container_id, zone$/],
  ['labels: { remove: [] }', /labels: unknown setting remove\. Correct its spelling/],
  ['processes: maybe', /processes: use on or off$/],
  ['udp: "on"', /udp: use auto or off$/],
  ['kubernetes: { enabled: maybe }', /kubernetes\.enabled: use auto, on or off$/],
])('%s is refused', (text, message) => {
  expect(() => read(text)).toThrow(message)
})

/** Those of sinks are in sinks/option-faults.test.ts. */
const settings = settingsIn(z.toJSONSchema(Settings, { io: 'input' })).filter(
  ([first]) => first !== 'sinks',
)

test.for(settings.map(path => ({ path, name: path.join('.') })))(
  '$name: whatever it may not be is told with its place and the fix',
  ({ path, name }) => {
    const values = ['no such thing\n', '', 7, -1, 1.5, 1e12, true, null, ['x'], [7], { no: 1 }]
    const told = values.flatMap(value => {
      const whole = path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value)
      const lines = faultsOf(JSON.stringify(whole))
      expect(lines.filter(line => !line.startsWith(name))).toEqual([])
      return lines
    })
    expect(told.length).toBeGreaterThan(3)
    expect(poorLines(told)).toEqual([])
  },
)

type Tree = { readonly properties?: Readonly<Record<string, unknown>> | undefined }

/** Paths of all settings, those of groups and the groups themselves. */
function settingsIn({ properties = {} }: Tree): string[][] {
  return Object.entries(properties).flatMap(([name, one]) => [
    [name],
    ...settingsIn(isTree(one) ? one : {}).map(path => [name, ...path]),
  ])
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && 'properties' in value
}

/** By line, without the name of the file. */
function faultsOf(text: string): string[] {
  try {
    read(text)
    return []
  } catch (error) {
    const { message } = error instanceof Error ? error : new Error(String(error))
    return message.split('\n').map(line => line.replace(`${folder}/agent.yaml: `, ''))
  }
}

test('two sinks on one page are refused by name, with the other one and the fix; pages of their own are not', () => {
  expect(() => read('sinks: {one: {type: scrape}, two: {type: scrape}}')).toThrow(
    /: sinks\.two\.path: is the page of sink one already\. Choose another path, such as \/metrics\/traffic$/,
  )
  expect(() => readConfig(['--sink', 'scrape', '--sink', 'scrape,path=/metrics'], {})).toThrow(
    '--sink scrape-2 path: is the page of sink scrape already. Choose another path',
  )
  const apart = 'sinks: {one: {type: scrape}, two: {type: scrape, path: /metrics/traffic}}'
  expect(read(apart)).toMatchObject({
    sinks: { two: { path: '/metrics/traffic' } },
  })
})

test('faults of the command line go by the name of the option', () => {
  expect(() => readConfig(['--udp', 'maybe'], {})).toThrow('--udp: use auto or off')
  expect(() => readConfig(['--pin-directory', 'pins'], {})).toThrow(
    '--pin-directory: write an absolute path',
  )
  expect(() => readConfig(['--interval', 'soon'], {})).toThrow(/^--interval: write a number/)
  expect(() => readConfig(['--sink', 'prometheus,endpoint=prometheus:9090'], {})).toThrow(
    '--sink prometheus endpoint: use a URL like http://prometheus:9090/api/v1/write',
  )
  expect(() => readConfig(['--config', join(folder, 'none')], {})).toThrow(
    /^--config: cannot read .*none: ENOENT: no such file/,
  )
})

test('in a pod without NODE_NAME the error says how to get it', () => {
  expect(() => readConfig([], { KUBERNETES_SERVICE_HOST: '10.0.0.1' })).toThrow(
    /^nodeName: .*Set NODE_NAME by the downward API \(spec\.nodeName\)/,
  )
})

test('in a pod, check and unpin need no name of the node', () => {
  const inPod = { KUBERNETES_SERVICE_HOST: '203.0.113.1' }
  expect(readConfig(['unpin'], inPod)).toMatchObject({ command: 'unpin' })
  expect(readConfig(['check'], inPod)).toMatchObject({ command: 'check' })
})

test('no error shows a password', () => {
  const args = ['--sink', 'prometheus,endpoint=x,password=hunter2', '--sink', 'stdout,format=x']
  expect(() => readConfig(args, {})).toThrow(/^(?!.*hunter2)/s)
})

const WITH_PASSWORD = 'prometheus,endpoint=https://example.com,username=me,password'
/** What YAML takes for something else where a text begins with it. */
const SIGNS = [...Array(95).keys()].map(at => String.fromCharCode(32 + at))

test('whatever sign a password without quotes begins with, no error and no warning shows it', async () => {
  const warnings: string[] = []
  const warned = ({ message }: Error) => void warnings.push(message)
  process.on('warning', warned)
  const faults = [...SIGNS, '!!', '!a!', '*a ', '|- ', '"\\q'].flatMap(sign => {
    const sink = `type: prometheus\n  endpoint: https://example.com\n  username: me`
    try {
      read(`sinks:\n main:\n  ${sink}\n  password: ${sign}hunter2\n`)
      return []
    } catch (error) {
      return [String(error)]
    }
  })
  await new Promise(setImmediate)
  process.off('warning', warned)
  expect(faults.length).toBeGreaterThan(15)
  expect(faults.filter(fault => fault.includes('hunter2'))).toEqual([])
  expect(warnings).toEqual([])
})

test.for([
  ['a password with a comma', ['--sink', `${WITH_PASSWORD}=one,hunter2`]],
  ['a password with a comma and more', ['--sink', `${WITH_PASSWORD}=one,hunter2=two`]],
  ['a key with a comma', ['--sink', 'newrelic,account=1,key=one,hunter2']],
  ['a password with a space in CONVIS_ARGS', `--sink ${WITH_PASSWORD}=one hunter2`],
] as const)('%s is refused with the fix, and is not shown', ([, said]) => {
  const [args, env] = typeof said === 'string' ? [[], { CONVIS_ARGS: said }] : [said, {}]
  expect(() => readConfig(args, env)).toThrow(
    /^--sink(?!.*hunter2).*\. Put values with spaces or commas into a file \(--config\)$/,
  )
})

test('the chart can derive its schema from the settings', () => {
  const schema = z.toJSONSchema(Settings, { target: 'draft-7', io: 'input' })
  expect(schema).toMatchObject({
    additionalProperties: false,
    properties: { interval: { type: 'string', default: '10s' } },
  })
  expect(schema).not.toHaveProperty('required')
})
