import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { globSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { basename, join } from 'node:path'
import { isDeepStrictEqual, promisify } from 'node:util'
import { grafanaIntegreatlyOrg } from '@kubernetes-models/grafana-operator'
import { expect, test } from 'vitest'
import { chartFolder, fileOf, render } from '../ci/render/helm.ts'
import { dashboards } from '../ci/dashboards/read.ts'

// Grafana itself is no part of these tests: it cannot be built or fetched where they run. They prove that what reaches
// it, whichever way, is the committed file.
const { GrafanaDashboard } = grafanaIntegreatlyOrg.v1beta1
const root = join(import.meta.dirname, '..')
const names = dashboards.map(({ name }) => name)

const ways = {
  'the bundled Grafana': [],
  'the sidecar of another Grafana': ['--values', 'own-prometheus-values.yaml'],
  'the grafana-operator': ['--values', 'grafana-operator-values.yaml'],
}

test.each(Object.entries(ways))('%s gets each file as it is, byte for byte', async (_, args) => {
  const values = args.map(arg => (arg.endsWith('.yaml') ? valuesFile(arg) : arg))
  const manifests = await render([...values, '--set', 'rules.runbookUrl='])
  const holders = manifests.filter(
    ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.includes('-dashboard-'),
  )
  expect(holders).toHaveLength(names.length)
  for (const name of names) {
    const delivered = fileOf(manifests, `podatlas-dashboard-${name}`, `${name}.json`)
    expect(delivered).toBe(readFileSync(join(chartFolder, `files/dashboards/${name}.json`), 'utf8'))
  }
})

test('another interval of samples is in every query, and replaces nothing of Grafana but the dashboards', async () => {
  const [before, after] = [await render(), await render(['--set', 'agent.interval=1m'])]
  for (const name of names) {
    const delivered = fileOf(after, `podatlas-dashboard-${name}`, `${name}.json`)
    const committed = readFileSync(join(chartFolder, `files/dashboards/${name}.json`), 'utf8')
    expect(delivered.match(/"interval":"60s"/g)).toHaveLength(committed.match(/"expr":/g)!.length)
    expect(delivered).toBe(committed.replaceAll('"interval":"10s"', '"interval":"60s"'))
  }
  const changed = after.filter((object, index) => !isDeepStrictEqual(object, before[index]))
  expect(changed.map(({ kind, metadata }) => `${kind} ${metadata.name}`).toSorted()).toEqual(
    [
      ...names.map(name => `ConfigMap podatlas-dashboard-${name}`),
      ...['ConfigMap', 'DaemonSet'].map(kind => `${kind} podatlas-agent`),
    ].toSorted(),
  )
})

test('currency and address of the runbooks come from values, and nothing else changes', async () => {
  const own = ['cost.currency=€', 'rules.runbookUrl=https://wiki.example/"run"/']
  const refused = render(own.flatMap(each => ['--set', each]))
  await expect(refused).rejects.toThrow('runbookUrl')
  const [currency = ''] = own
  const wiki = 'rules.runbookUrl=https://wiki.example/runbooks/'
  const manifests = await render(['--set', currency, '--set', wiki])
  for (const name of names) {
    const delivered = fileOf(manifests, `podatlas-dashboard-${name}`, `${name}.json`)
    const committed = readFileSync(join(chartFolder, `files/dashboards/${name}.json`), 'utf8')
    const expected = committed
      .replaceAll('currency:¤', 'currency:€')
      .replaceAll(/https:[^$]+docs\/runbooks\//g, 'https://wiki.example/runbooks/')
    expect(delivered).toBe(expected)
  }
  const costs = fileOf(manifests, 'podatlas-dashboard-podatlas-cost', 'podatlas-cost.json')
  expect(costs).toContain('"unit":"currency:€"')
  const alerts = fileOf(manifests, 'podatlas-dashboard-podatlas-overview', 'podatlas-overview.json')
  expect(alerts).toContain('"https://wiki.example/runbooks/${__data.fields.alertname}.md"')
})

test('the chart holds the committed dashboards, without their white space', () => {
  const files = globSync(join(chartFolder, 'files/dashboards/*'))
  expect(files.map(file => basename(file, '.json')).toSorted()).toEqual(names)
  for (const dashboard of dashboards) {
    const minified = readFileSync(
      join(chartFolder, `files/dashboards/${dashboard.name}.json`),
      'utf8',
    )
    expect(minified).toBe(JSON.stringify(JSON.parse(dashboard.json)))
  }
})

test('the objects for the grafana-operator are valid by its own schema, and name what holds the file', async () => {
  const manifests = await render(['--values', valuesFile('grafana-operator-values.yaml')])
  const objects = manifests.filter(({ kind }) => kind === 'GrafanaDashboard')
  expect(objects).toHaveLength(names.length)
  for (const object of objects) {
    const dashboard = Object.assign(new GrafanaDashboard(), object)
    dashboard.validate()
    const { name = '', key = '' } = dashboard.spec?.configMapRef ?? {}
    expect(JSON.parse(fileOf(manifests, name, key)).uid).toBe(basename(key, '.json'))
  }
})

test.each([
  ['a selector', { configMapRef: { name: 'a', key: 'b' } }],
  ['a known key', { instanceSelector: {}, configMapRef: { name: 'a', keys: 'b' } }],
])('the schema of the grafana-operator refuses an object without %s', (_, spec) => {
  expect(() => Object.assign(new GrafanaDashboard(), { spec }).validate()).toThrow('spec')
})

test('the lines of the README hand each file to the API, to be replaced by the next import', async () => {
  const [, lines = ''] =
    /```sh\n(.*?)```/s.exec(readFileSync(join(root, 'dashboards/README.md'), 'utf8')) ?? []
  const received: unknown[] = []
  let sent = ''
  const server = createServer((request, response) => {
    request.setEncoding('utf8').on('data', (chunk: string) => (sent += chunk))
    request.on('end', () => {
      const { method, url, headers } = request
      received.push({ method, url, authorization: headers.authorization, body: JSON.parse(sent) })
      sent = ''
      response.end('{"status": "success"}')
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const grafana = { GRAFANA_URL: `http://127.0.0.1:${port}`, GRAFANA_TOKEN: 'secret' }
  const env = { ...process.env, ...grafana }
  await promisify(execFile)('sh', ['-euc', lines], { cwd: root, env })
  server.close()
  expect(received).toEqual(
    dashboards.map(dashboard => ({
      method: 'POST',
      url: '/api/dashboards/db',
      authorization: 'Bearer secret',
      body: { dashboard: JSON.parse(dashboard.json), overwrite: true },
    })),
  )
  for (const { dashboard } of dashboards) expect(dashboard).toMatchObject({ id: null })
})

function valuesFile(name: string): string {
  return join(chartFolder, 'ci', name)
}
