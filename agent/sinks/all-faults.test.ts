import { expect, test } from 'vitest'
import { runAgent } from '../test/agent-process.ts'
import { poorLines } from '../test/fault-lines.ts'
import { mountSecret } from './test/mounted-secret.ts'

// On the real process: one fault of each kind, as a person has them who writes their first file.

const secret = 'hunter2'

test('everything that is wrong with sinks is told in one message, and nothing starts', async () => {
  using folder = mountSecret({ empty: '\n', file: '' })
  const none = folder.file('none')
  const endpoint = 'https://metrics.test/write'
  const sinks = {
    'unknown-key': { type: 'prometheus', endpoint, qeueLimit: 5 },
    'reserved-header': { type: 'otlp', endpoint, headers: { 'User-Agent': 'me' } },
    'no-password': { type: 'prometheus', endpoint, username: 'me' },
    'bad-url': { type: 'prometheus', endpoint: `prometheus:9090/${secret}` },
    'no-ca': { type: 'otlp', endpoint, tls: { caFile: none } },
    'no-credential': { type: 'prometheus', endpoint, username: 'me', passwordFile: none },
    'empty-credential': { type: 'prometheus', endpoint, tokenFile: folder.file('empty') },
    'no-number': { type: 'newrelic', account: 'shop', key: secret },
    'one-page': { type: 'scrape' },
    'same-page': { type: 'scrape', path: '/metrics' },
    'no-type': { type: 'kafka', password: secret },
    good: { type: 'prometheus', endpoint, token: secret },
  }
  const spool = { directory: `${folder.file('file')}/spool` }
  using config = mountSecret({ 'agent.json': JSON.stringify({ sinks, spool }) })
  const file = config.file('agent.json')
  const { code, stdout, stderr } = await runAgent(['--config', file])
  const lines = stderr.trimEnd().split('\n')
  const start = `podatlas-agent: ${file}: `
  expect(lines.filter(line => !line.startsWith(start))).toEqual([])
  const told = lines.map(line => line.slice(start.length))
  expect(new Set(told.map(line => line.slice(0, line.indexOf(': '))))).toEqual(
    new Set([
      'sinks.bad-url.endpoint',
      'sinks.empty-credential.tokenFile',
      'sinks.no-ca.tls.caFile',
      'sinks.no-credential.passwordFile',
      'sinks.no-number.account',
      'sinks.no-password.password',
      'sinks.no-type.type',
      'sinks.reserved-header.headers.User-Agent',
      'sinks.same-page.path',
      // An unknown key is named behind its place.
      'sinks.unknown-key',
      'spool.directory',
    ]),
  )
  expect(told).toHaveLength(11)
  expect(told).toContain(
    'sinks.unknown-key: unknown setting qeueLimit. Correct its spelling or remove it',
  )
  expect(poorLines(told)).toEqual([])
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).not.toContain(secret)
})
