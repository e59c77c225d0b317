import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePorts } from '../../ci/ports.ts'
import { toolPath } from '../../ci/tools/tool.ts'

const run = promisify(execFile)
const main = join(import.meta.dirname, 'main.ts')
const helm = toolPath('helm')
/** When the recorded traffic ends: three days in the past of nobody's clock. */
const untilS = Date.parse('2026-03-08T12:00:00Z') / 1_000
const [hour, day] = [3_600, 86_400]

/** Recorded rates, as the rules of the chart leave them: what is sent a second, from when, for how many minutes. */
const traffic = [
  ['transmit_bytes', 'shop', 'a', 'client', 'US', '64498', 100, 2 * day, 10],
  ['receive_bytes', 'shop', 'a', 'client', 'US', '64498', 300, 2 * day, 5],
  ['connections', 'shop', 'a', 'client', 'US', '64498', 0.1, 2 * day, 10],
  // On another day, the same pod again.
  ['transmit_bytes', 'shop', 'a', 'client', 'US', '64498', 100, 2 * hour, 10],
  // A firewall dropped these.
  ['connections', 'shop', 'b', 'client', 'JP', '64499', 0.5, hour, 10],
  // Allowed, a visitor, not placed, not judged, of nobody's policy, and too long ago.
  ['transmit_bytes', 'shop', 'a', 'client', 'DE', '64496', 100, 2 * day, 10],
  ['transmit_bytes', 'shop', 'a', 'server', 'US', '64498', 100, 2 * day, 10],
  ['transmit_bytes', 'shop', 'a', 'client', 'unknown', '', 100, 2 * day, 10],
  ['transmit_bytes', 'shop', 'a', 'client', 'none', '', 100, 2 * day, 10],
  ['transmit_bytes', 'games', 'a', 'client', 'US', '64498', 100, 2 * day, 10],
  ['transmit_bytes', 'shop', 'old', 'client', 'US', '64498', 100, 4 * day, 10],
] as const

const values = `geofence:
  policies:
    home: {namespaces: [shop], allow: {countries: [DE]}, severity: critical}
    nobody-goes-there: {deny: {countries: [AQ]}}
`
const folder = mkdtempDisposableSync(join(tmpdir(), 'podatlas-policy-'))
const valuesFile = join(folder.path, 'values.yaml')
let prometheus: { url: string; stop: () => Promise<void> }

beforeAll(async () => {
  writeFileSync(valuesFile, values)
  const metrics = join(folder.path, 'metrics.txt')
  writeFileSync(metrics, openMetrics())
  const promtool = toolPath('prometheus', 'promtool')
  const data = join(folder.path, 'data')
  await run(promtool, ['tsdb', 'create-blocks-from', 'openmetrics', metrics, data])
  prometheus = await startPrometheus(data)
})
afterAll(async () => {
  await prometheus.stop()
  folder[Symbol.dispose]()
})

test('a policy in values says in JSON what it would have flagged, to the pod, and ends with 1', async () => {
  const { code, stdout } = await check(['-f', valuesFile, '--since', '3d', '--json'])
  expect(code).toBe(1)
  const common = { policy: 'home', severity: 'critical', namespace: 'shop', role: 'client' }
  expect(JSON.parse(stdout)).toEqual({
    from: '2026-03-05T12:00Z',
    until: '2026-03-08T12:00Z',
    coveredSeconds: expect.any(Number),
    policies: ['home', 'nobody-goes-there'],
    violations: [
      {
        ...common,
        pod: 'a',
        country: 'US',
        asn: '64498',
        // 100 bytes a second for twice ten minutes, 300 for five; a connection in ten seconds for ten minutes.
        sentBytes: 120_000,
        receivedBytes: 90_000,
        connections: 60,
        first: '2026-03-06T12:00Z',
        last: '2026-03-08T10:09Z',
      },
      {
        ...common,
        pod: 'b',
        country: 'JP',
        asn: '64499',
        sentBytes: 0,
        receivedBytes: 0,
        connections: 300,
        first: '2026-03-08T11:00Z',
        last: '2026-03-08T11:09Z',
      },
    ],
  })
})

test('people get a table, and how much of the time there is any data of', async () => {
  const { stdout } = await check(['-f', valuesFile, '--since', '1d'])
  const lines = stdout.split('\n').map(line => line.replaceAll(/ {2,}/g, ' | '))
  expect(lines[0]).toMatch(
    /^2026-03-07T12:00Z to 2026-03-08T12:00Z; Prometheus has 1\dm of these 1d\.$/,
  )
  expect(lines.slice(1)).toEqual([
    'home: 2 rows',
    'nobody-goes-there: nothing',
    '',
    'POLICY | NAMESPACE | POD | ROLE | COUNTRY | ASN | SENT | RECEIVED | CONNECTIONS | FIRST | LAST',
    'home | shop | a | client | US | 64498 | 58.6 KiB | 0 B | 0 | 2026-03-08T10:00Z | 2026-03-08T10:09Z',
    'home | shop | b | client | JP | 64499 | 0 B | 0 B | 300 | 2026-03-08T11:00Z | 2026-03-08T11:09Z',
    '',
  ])
})

test('rules that Helm made are judged by as they are, from wherever they come', async () => {
  const chart = join(import.meta.dirname, '../../chart')
  const rendered = await run(helm, ['template', 'x', chart, '-f', valuesFile])
  const operator = ['--set=rules.prometheusRule.enabled=true', '--set=rules.enabled=false']
  const object = await run(helm, ['template', 'x', chart, '-f', valuesFile, ...operator])
  for (const { stdout: input } of [rendered, object]) {
    const { code, stdout } = await check(['-f', '-', '--since', '1d', '--chart', '/nowhere'], input)
    expect(stdout).toContain('home: 2 rows\nnobody-goes-there: nothing\n')
    expect(code).toBe(1)
  }
})

test('a policy that would have flagged nothing ends with 0', async () => {
  const harmless = 'geofence: {policies: {cold: {deny: {countries: [AQ]}}}}\n'
  const { code, stdout } = await check(['-f', '-', '--since', '3d'], harmless)
  expect(stdout).toMatch(/\ncold: nothing\n$/)
  expect(code).toBe(0)
})

test.each([
  ['no data', ['--since', '1h', '--until', '2020-01-01'], values, 'so nothing can be said'],
  ['no policy', [], 'geofence: {policies: {}}', 'there is no geofence policy in it'],
  ['nothing', [], '', 'there is no geofence policy in it'],
  [
    'a policy that the chart refuses',
    [],
    'geofence: {policies: {a: {allow: {countries: [UK]}}}}',
    'geofence.policies.a: there is no country UK; the United Kingdom is GB.',
  ],
  ['a time that is none', ['--since', 'yesterday'], values, 'since (--since): use a time like 12h'],
  ['values, where there is no chart', ['--chart', '/nowhere'], values, 'helm template RELEASE'],
  ['no Prometheus', ['-p', 'http://127.0.0.1:9'], values, 'cannot be reached'],
])('with %s nothing is claimed: one message, and 2', async (_, words, input, message) => {
  const { code, stdout, stderr } = await check(['-f', '-', ...words], input)
  expect(stderr).toContain(message)
  expect(stdout).toBe('')
  expect(code).toBe(2)
})

/** Runs the command as people do, with Helm in the path; later words win over earlier ones. */
async function check(words: readonly string[], input = '') {
  const until = new Date(untilS * 1_000).toISOString()
  const given = ['-p', prometheus.url, '--until', until, ...words]
  const child = spawn(process.execPath, [main, 'policy', 'check', ...given], {
    env: { ...process.env, PATH: `${dirname(helm)}:${process.env['PATH']}` },
    stdio: 'pipe',
  })
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  if (child.exitCode === null) await once(child, 'exit')
  return { code: child.exitCode, stdout, stderr }
}

function openMetrics(): string {
  const byName = Map.groupBy(traffic, ([name]) => name)
  const lines = [...byName].flatMap(([name, rows]) => {
    const metric = `namespace_pod_country:podatlas_${name}:rate5m`
    const samples = rows.flatMap(
      ([, namespace, pod, role, country, asn, rate, secondsAgo, minutes]) => {
        const labels = `k8s_namespace="${namespace}",k8s_pod="${pod}",role="${role}",country="${country}",asn="${asn}"`
        // Afterwards it is 0 until the rules forget it.
        return Array.from({ length: minutes + 1 }, (_, minute) => {
          const value = minute < minutes ? rate : 0
          return `${metric}{${labels}} ${value} ${untilS - secondsAgo + minute * 60}`
        })
      },
    )
    return [`# TYPE ${metric} gauge`, ...samples]
  })
  return `${lines.join('\n')}\n# EOF\n`
}

async function startPrometheus(data: string) {
  const [port = 0] = await freePorts('any')
  const url = `http://127.0.0.1:${port}`
  const config = join(folder.path, 'prometheus.yml')
  writeFileSync(config, '{}')
  const words = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${data}`,
    '--storage.tsdb.retention.time=100y',
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=error',
  ]
  const child = spawn(toolPath('prometheus', 'prometheus'), words, { stdio: 'ignore' })
  const stop = async () => {
    if (child.exitCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  for (let patience = 600; !(await isReady(url)); patience--) {
    if (patience === 0 || child.exitCode !== null) {
      await stop()
      throw new Error('Prometheus did not start')
    }
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  return { url, stop }
}

async function isReady(url: string): Promise<boolean> {
  return await fetch(`${url}/-/ready`).then(
    ({ ok }) => ok,
    () => false,
  )
}
