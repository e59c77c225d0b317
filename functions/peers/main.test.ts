import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { startProcess, untilText } from '../program/test/process.ts'
import { startUpstream } from '../program/test/upstream.ts'
import { startFakeApiServer } from './test/fake-api-server.ts'
import { pod } from './test/objects.ts'

// Without a bundle the client of Kubernetes is two thousand files, which take their time to load.
vi.setConfig({ testTimeout: 60_000 })

test('a kubeconfig tells where the API server is and who asks', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'peers-main-'))
  await using api = await startFakeApiServer()
  api.put('pods', pod('a', ['10.244.0.1']))
  const file = join(folder.path, 'kubeconfig')
  writeFileSync(
    file,
    JSON.stringify({
      clusters: [{ name: 'c', cluster: { server: api.url, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'u', user: { token: 'secret' } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }),
  )
  await using peers = await startProcess('peers', ['--cluster=prod'], { KUBECONFIG: file })
  await untilText(`${peers.url}/readyz`, (_, status) => status === 200)
  expect(await (await fetch(`${peers.url}/metrics`)).text()).toContain(
    'podatlas_peer_info{cluster="prod",destination_ip="10.244.0.1"',
  )
  expect(api.asked.map(({ authorization }) => authorization)).toContain('Bearer secret')
})

test('the token is read again for each list and watch, and a file that is missing is named', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'peers-main-'))
  await using api = await startFakeApiServer()
  const file = join(folder.path, 'token')
  const flags = ['--api-server', api.url, '--api-token-file', file]
  await using peers = await startProcess('peers', flags)
  const text = await untilText(`${peers.url}/readyz`, body => body.includes('credentials'))
  expect(text).toContain(`ENOENT: no such file or directory, open '${file}'`)
  writeFileSync(file, 'first\n')
  await untilText(`${peers.url}/readyz`, (_, status) => status === 200)
  expect(new Set(api.asked.map(({ authorization }) => authorization))).toEqual(
    new Set(['Bearer first']),
  )
  expect(peers.stderr()).not.toContain('first')
})

test.each(['SIGTERM', 'SIGINT'] as const)('%s ends it with 0 at once', async signal => {
  await using api = await startFakeApiServer()
  await using peers = await startProcess('peers', ['--api-server', api.url])
  await untilText(`${peers.url}/readyz`, (_, status) => status === 200)
  peers.kill(signal)
  expect(await peers.exited).toEqual({ code: 0, signal: null })
})

test('faults in the configuration end it with 2 and one line', async () => {
  await using peers = await startProcess('peers', ['--max-peers=none', '-x'])
  expect((await peers.exited).code).toBe(2)
  const lines = peers.stderr().trim().split('\n')
  expect(lines).toHaveLength(1)
  expect(lines[0]).toContain('podatlas-peers: the configuration has faults: -x: unknown flag')
})

test.each([
  ['a kubeconfig that is missing', ['--kubeconfig', '/nowhere'], 'cannot read /nowhere: ENOENT'],
  ['a port that is taken', ['--api-server=http://127.0.0.1:1'], 'Choose another by --listen'],
])('%s ends it with 1 and names the flag', async (_, flags, message) => {
  await using taken = await startUpstream(() => {})
  await using peers = await startProcess('peers', flags, {}, taken.port)
  expect((await peers.exited).code).toBe(1)
  expect(peers.stderr()).toContain(message)
})
