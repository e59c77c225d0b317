import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { get, type IncomingMessage, type RequestListener } from 'node:http'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bpfObject } from '../ci/bpf/object.ts'
import { freePorts } from '../ci/ports.ts'
import { makeAuthority } from './sinks/test/certificates.ts'
import { realProxy } from './sinks/test/real-proxy.ts'
import { recordingServer } from './sinks/test/recording-server.ts'
import { startAgent } from './test/agent-process.ts'

// The real `node agent/main.ts`, and everything it prints, serves and writes.

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'podatlas-secrets-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function file(name: string, content: string): string {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

function start(sinks: object, port: number, env: Record<string, string>) {
  const screen = { type: 'stdout', format: 'json' }
  const config = file('agent.json', JSON.stringify({ sinks: { ...sinks, screen } }))
  const place = ['--bytecode', bpfObject(), '--pin-directory=', `--listen=127.0.0.1:${port}`]
  const spool = ['--spool-directory', join(folder, 'spool')]
  return startAgent(['--config', config, '--interval=1s', '-v', ...place, ...spool], env)
}

/** Refuses, and repeats all it was told, in plain. */
const echo: RequestListener = ({ url, rawHeaders, headers }, response) => {
  const [, encoded = ''] = (headers.authorization ?? '').split(' ')
  const told = [url, ...rawHeaders, Buffer.from(encoded, 'base64').toString()]
  response.writeHead(403).end(told.join(' '))
}

test('no secret is printed, served or written, whatever a destination repeats of it', async () => {
  using authority = makeAuthority()
  const client = authority.issue('DNS:client.example')
  await using plain = await recordingServer(undefined, echo)
  await using secure = await recordingServer(authority.issue('IP:127.0.0.1'), echo)
  await using proxy = await realProxy({ leadsTo: plain.port, credentials: 'me:other' })
  const [port = 0] = await freePorts('any')
  const endpoint = plain.url
  const { certFile, keyFile } = client
  const sinks = {
    basic: { type: 'prometheus', endpoint, username: 'me', password: 'canary-password' },
    query: { type: 'prometheus', endpoint: `${endpoint}?key=canary-query` },
    header: { type: 'prometheus', endpoint, headers: { 'X-Api-Key': 'canary-header' } },
    team: { type: 'prometheus', endpoint, headers: { 'X-Honeycomb-Team': 'canary-team' } },
    tenant: {
      type: 'prometheus',
      endpoint,
      headerFiles: { 'X-Scope-OrgID': file('tenant', 'canary-tenant\n') },
    },
    token: { type: 'prometheus', endpoint, tokenFile: file('token', 'canary-token\n') },
    tls: {
      type: 'prometheus',
      endpoint: secure.url,
      username: 'me',
      passwordFile: file('password', 'canary-file'),
      tls: { caFile: authority.caFile, certFile, keyFile },
    },
    proxied: {
      type: 'prometheus',
      endpoint: 'http://metrics.test/write',
      proxyUrl: proxy.urlFor('me:canary-proxy'),
    },
    surrounded: { type: 'prometheus', endpoint: 'http://metrics.test/write' },
    events: { type: 'newrelic', account: 1, endpoint: plain.url, key: 'canary-licence' },
  }
  const env = { HTTP_PROXY: proxy.urlFor('me:canary-environment') }
  await using agent = start(sinks, port, env)
  for (const sink of Object.keys(sinks))
    await agent.waitFor('podatlas_agent_sink_failures_total', { sink }, 'more than 0')
  const [page]: IncomingMessage[] = await once(get(`http://127.0.0.1:${port}/metrics`), 'response')
  const served = page ? await text(page) : ''
  const commandLine = readFileSync(`/proc/${agent.pid}/cmdline`, 'utf8')
  const { stderr } = await agent.end('SIGTERM')
  for (const sink of Object.keys(sinks)) expect(stderr).toContain(`sink ${sink}: `)
  expect(served).toContain('podatlas_agent_sink_failures_total')
  // What they repeated has been printed, but for the secrets in it.
  expect(stderr).toContain('x-prometheus-remote-write-version')

  const written = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const held = written.filter(name => name.startsWith('spool/')).map(name => join(folder, name))
  expect(existsSync(join(folder, 'spool'))).toBe(true)
  const contents = held.flatMap(path => {
    try {
      return [readFileSync(path, 'latin1')]
    } catch {
      // A folder.
      return []
    }
  })
  const everything = [stderr, served, commandLine, ...written, ...contents]
  const [, keyLine = ''] = client.key.split('\n')
  expect(keyLine.length).toBeGreaterThan(40)
  const pairs = ['canary-password', 'canary-file', 'canary-proxy', 'canary-environment']
  const encoded = pairs.map(password => Buffer.from(`me:${password}`).toString('base64'))
  const secrets = ['canary-', keyLine, ...encoded]
  for (const secret of secrets) expect(everything.filter(one => one.includes(secret))).toEqual([])
})

test('the running agent uses the proxy of the environment in which it was started', async () => {
  await using server = await recordingServer()
  await using proxy = await realProxy({ leadsTo: server.port, credentials: 'me:p@ss' })
  const sinks = {
    outside: { type: 'prometheus', endpoint: 'http://metrics.test/write', protocol: '1.0' },
  }
  const env = { HTTP_PROXY: proxy.urlFor('me:p%40ss'), NO_PROXY: '.svc' }
  const [port = 0] = await freePorts('any')
  await using agent = start(sinks, port, env)
  await agent.waitFor('podatlas_agent_sink_samples_sent_total', { sink: 'outside' }, 'more than 0')
  expect(proxy.asked).toContain('POST http://metrics.test/write')
  expect(server.heard[0]?.request.headers.host).toBe('metrics.test')
})
