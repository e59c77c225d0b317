import { afterEach, beforeAll, expect, test, vi } from 'vitest'
import { containers } from './containers.ts'
import { podAddress } from './example/pod.ts'
import { chart, helmOf } from './install.ts'
import { settled } from './release-state.ts'
import { folders, kubectl } from './running.ts'

const namespace = 'failed'
const helm = helmOf(folders, { name: 'failed', namespace })
const patience = { timeout: 90_000, interval: 500 }
// An agent alone, beside that of the other tests.
const off = ['geoip', 'peers', 'prometheus', 'grafana', 'rules', 'sinks.default']
const agentOnly = [
  ...off.map(part => `--set=${part}.enabled=false`),
  '--set=agent.interval=2s,agent.udp=off,agent.kernel.pinDirectory=',
]
const sink = 'sinks.main.type=prometheus,sinks.main.endpoint=http://192.0.2.250:9090/api/v1/write'
const pods = ['-n', namespace, 'get', 'pods', '-o']

beforeAll(() => kubectl(['create', 'namespace', namespace]))
afterEach(async () => {
  await helm('uninstall', '--ignore-not-found')
  await vi.waitFor(async () => expect(await kubectl([...pods, 'name'])).toBe(''), patience)
})

test('an agent whose sink cannot be reached says so, counts on, and stays alive and ready', async () => {
  await helm('install', chart, ...agentOnly, `--set=${sink},sinks.main.timeout=2s`)
  await settled(namespace, ['daemonset/failed-podatlas-agent'])
  await vi.waitFor(async () => {
    const log = await kubectl(['-n', namespace, 'logs', 'daemonset/failed-podatlas-agent'])
    expect(log).toMatch(/sink main: .*192\.0\.2\.250/)
  }, patience)
  const [agent] = await containers(namespace)
  expect(agent).toMatchObject({ ready: true, restartCount: 0 })
  const url = `http://${await podAddress(namespace, agent!.pod)}:8080`
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  expect((await fetch(`${url}/readyz`)).status).toBe(200)
})

test('a Secret that is not there is named in an event of the pod, which starts by itself once it is', async () => {
  const secret = 'sinks.main.credentials.existingSecret=receiver'
  await helm('install', chart, ...agentOnly, `--set=${sink},${secret}`)
  await untilEvent(/secret "receiver" not found/)
  const literal = ['--from-literal=username=u', '--from-literal=password=p']
  await kubectl(['-n', namespace, 'create', 'secret', 'generic', 'receiver', ...literal])
  await settled(namespace, ['daemonset/failed-podatlas-agent'])
})

test('a key that the Secret lacks is named in an event of the pod', async () => {
  const secret = 'sinks.main.credentials.existingSecret=keyless'
  const literal = ['--from-literal=user=u', '--from-literal=password=p']
  await kubectl(['-n', namespace, 'create', 'secret', 'generic', 'keyless', ...literal])
  await helm('install', chart, ...agentOnly, `--set=${sink},${secret}`)
  await untilEvent(/references non-existent secret key: username/)
})

test('a wrong value installs nothing, and the answer is the YAML to paste', async () => {
  const wrong = helm('install', chart, ...agentOnly, '--set=sinks.main.type=otlp')
  await expect(wrong).rejects.toThrow(/sinks\.main: a sink of type otlp needs an endpoint/)
  expect(await kubectl([...pods, 'name'])).toBe('')
  expect(await kubectl(['-n', namespace, 'get', 'secrets', '-l', 'owner=helm', '-o', 'name'])).toBe(
    '',
  )
})

async function untilEvent(words: RegExp): Promise<void> {
  const messages = ['-n', namespace, 'get', 'events', '-o=jsonpath={.items[*].message}']
  await vi.waitFor(async () => expect(await kubectl(messages)).toMatch(words), patience)
}
