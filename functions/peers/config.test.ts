import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readConfig } from './config.ts'
import type { Config } from './config.ts'

const inPod = { KUBERNETES_SERVICE_HOST: '10.96.0.1' }

test('in a pod nothing has to be said, and nobody is asked for addresses', () => {
  const { cluster, listen, maxPeers, podNetworks, upstream } = read('', inPod)
  expect([cluster, listen, maxPeers]).toEqual(['', { host: '0.0.0.0', port: 8080 }, 200_000])
  expect([podNetworks, upstream]).toEqual([[], undefined])
})

test('the command line wins over the environment, and that over the config file', () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'peers-config-'))
  const file = join(folder.path, 'peers.yaml')
  writeFileSync(file, 'cluster: file\nquery: from_file\nkubeconfig: /file\nmaxPeers: 7\n')
  const environment = { QUERY: 'from_env', KUBECONFIG: '/env' }
  expect(read(`--config ${file}`)).toMatchObject({
    query: 'from_file',
    api: { kubeconfig: '/file' },
  })
  expect(read(`--config ${file} --cluster prod --query up`, environment)).toMatchObject({
    cluster: 'prod',
    query: 'up',
    api: { kubeconfig: '/env' },
    maxPeers: 7,
  })
})

test('pod networks are given one by one', () => {
  const { podNetworks } = read('--pod-network 10.244.0.0/16 --pod-network=fd00::/56', inPod)
  expect(podNetworks).toEqual(['10.244.0.0/16', 'fd00::/56'])
})

test.each([
  ['', 'kubeconfig (--kubeconfig): is missing; outside a pod, name a file or use --api-server URL'],
  ['--api-server nowhere', 'apiServer (--api-server): use a URL like https://10.96.0.1:443'],
  [
    '--kubeconfig /a --api-token-file /b',
    'apiTokenFile (--api-token-file): goes with --api-server; add that',
  ],
  [
    '--kubeconfig /a --api-ca-file /b',
    'apiCaFile (--api-ca-file): goes with --api-server; add that',
  ],
  ['--kubeconfig /a --ca-file /b', 'caFile (--ca-file): goes with --prometheus; add that'],
  [
    '--kubeconfig /a --header X-Scope-OrgID=a',
    'headers (--header): goes with --prometheus; add that',
  ],
  [
    '--kubeconfig /a -p http://p:9090 --ca-file /b',
    'caFile (--ca-file): needs a URL that begins with https://',
  ],
  [
    '--kubeconfig /a -p http://p:9090 --username u',
    'passwordFile (--password-file): is missing; it goes with a user',
  ],
  ['--kubeconfig /a --max-peers 0', 'maxPeers (--max-peers): use 1 or more'],
  ['--kubeconfig /a --max-classified x', 'maxClassified (--max-classified): '],
  ['--kubeconfig /a --pod-network 10.0.0.0', 'podNetworks.0 (--pod-network): use a network like'],
  [
    '--kubeconfig /a -p prometheus',
    'prometheus (-p, --prometheus): use a URL like http://prometheus:9090',
  ],
  ['--kubeconfig /a --query=', 'query (--query): is empty; leave it out for the default'],
  ['--kubeconfig /a --interval 5', 'interval (--interval): use a time like 10s or 5m'],
  ['--kubeconfig /a --listen 8080', 'listen (--listen): use HOST:PORT, such as 0.0.0.0:8080'],
  ['--kubeconfig /a --debug', '--debug: unknown flag; see --help'],
  ['--kubeconfig', '--kubeconfig: a value is missing; write --kubeconfig FILE'],
])('"%s" is refused with the field and the fix', (line, message) => {
  expect(() => read(line)).toThrow(message)
})

function read(line: string, environment: Record<string, string> = {}): Config {
  const config = readConfig(line.split(' ').filter(Boolean), environment)
  if ('help' in config) throw new Error('help was not asked for')
  return config
}
