import { expect, test } from 'vitest'
import { z } from 'zod'
import { RemoteWriteOptions } from './options.ts'

const good = { type: 'prometheus', endpoint: 'https://example.com/api/v1/write' }

test('an endpoint is all that is needed', () => {
  expect(RemoteWriteOptions.parse(good)).toMatchObject({ ...good, queueLimit: 100_000 })
})

test('the version of the protocol may be written as YAML reads it: without quotes it is a number', () => {
  const versions = ['auto', '1.0', '2.0', 1, 2].map(protocol => ({ ...good, protocol }))
  const parsed = [good, ...versions].map(settings => RemoteWriteOptions.parse(settings).protocol)
  expect(parsed).toEqual(['auto', 'auto', '1.0', '2.0', '1.0', '2.0'])
})

test.for<[string, object, string]>([
  ['no endpoint', { endpoint: undefined }, 'endpoint'],
  ['an endpoint that is no URL', { endpoint: 'prometheus:9090' }, 'endpoint'],
  ['credentials in the URL', { endpoint: 'http://u:hunter2@example.com/' }, 'endpoint'],
  ['a user name alone', { username: 'u' }, 'password'],
  ['a password alone', { password: 'hunter2' }, 'username'],
  ['a password file alone', { passwordFile: '/run/password' }, 'username'],
  ['a user name file alone', { usernameFile: '/run/username' }, 'password'],
  [
    'two user names',
    { username: 'u', usernameFile: '/run/username', password: 'hunter2' },
    'usernameFile',
  ],
  [
    'two passwords',
    { username: 'u', password: 'hunter2', passwordFile: '/run/password' },
    'passwordFile',
  ],
  ['a reserved header', { headers: { 'User-Agent': 'me' } }, 'headers["User-Agent"]'],
  [
    'a reserved header in lower case',
    { headers: { 'content-type': 'x' } },
    'headers["content-type"]',
  ],
  ['a broken header name', { headers: { 'not a name': 'x' } }, 'headers["not a name"]'],
  [
    'a header value with a line break',
    { headers: { Token: 'hunter2\r\nHost: x' } },
    'headers.Token',
  ],
  [
    'a reserved header from a file',
    { headerFiles: { 'X-Prometheus-Remote-Write-Version': '/run/version' } },
    'headerFiles["X-Prometheus-Remote-Write-Version"]',
  ],
  [
    'a header from no file',
    { headerFiles: { 'X-Scope-OrgID': '' } },
    'headerFiles["X-Scope-OrgID"]',
  ],
  [
    'a header twice',
    { headers: { 'x-scope-orgid': 'hunter2' }, headerFiles: { 'X-Scope-OrgID': '/run/tenant' } },
    'headerFiles["X-Scope-OrgID"]',
  ],
  [
    'a header twice, in capitals and without',
    { headers: { 'X-Scope-OrgID': 'hunter2', 'x-scope-orgid': 'hunter2' } },
    'headers["x-scope-orgid"]',
  ],
  [
    'a token and a file with a header of authorization',
    { tokenFile: '/run/token', headerFiles: { Authorization: '/run/authorization' } },
    'headerFiles.Authorization',
  ],
  [
    'two kinds of authentication',
    { username: 'u', password: 'hunter2', headers: { Authorization: 'Bearer hunter2' } },
    'headers.Authorization',
  ],
  ['a token and a user name', { username: 'u', password: 'hunter2', token: 'hunter2' }, 'token'],
  ['two tokens', { token: 'hunter2', tokenFile: '/run/token' }, 'tokenFile'],
  ['a token with a line break', { token: 'hunter2\nhunter2' }, 'token'],
  [
    'a token and a header of authorization',
    { tokenFile: '/run/token', headers: { authorization: 'Bearer hunter2' } },
    'headers.authorization',
  ],
  ['a colon in a user name', { username: 'hunter2:x', password: 'p' }, 'username'],
  ['a client certificate without its key', { tls: { certFile: '/run/crt' } }, 'tls.keyFile'],
  ['a key without its certificate', { tls: { keyFile: '/run/key' } }, 'tls.certFile'],
  [
    'a CA for an endpoint without TLS',
    { endpoint: 'http://example.com/', tls: { caFile: '/run/ca' } },
    'tls.caFile',
  ],
  [
    'certificates that are not checked where there are none',
    { endpoint: 'http://example.com/', tls: { insecureSkipVerify: true } },
    'tls.insecureSkipVerify',
  ],
  ['a misspelt setting of TLS', { tls: { caFlie: '/run/ca' } }, 'tls'],
  ['a proxy that is no URL', { proxyUrl: 'hunter2:3128' }, 'proxyUrl'],
  ['a proxy of another kind', { proxyUrl: 'socks5://u:hunter2@proxy:1080' }, 'proxyUrl'],
  ['a proxy whose password is not encoded', { proxyUrl: 'http://u:hunter2%@proxy' }, 'proxyUrl'],
  ['a time limit without a unit', { timeout: '30' }, 'timeout'],
  ['a time limit that is none', { timeout: '0s' }, 'timeout'],
  ['a version that there is not', { protocol: '3.0' }, 'protocol'],
  ['a queue without room', { queueLimit: 0 }, 'queueLimit'],
])('%s is refused, the field is named and no secret is shown', ([, settings, field]) => {
  const { error } = RemoteWriteOptions.safeParse({ ...good, ...settings })
  const message = error ? z.prettifyError(error) : ''
  expect(message).toContain(`at ${field}`)
  expect(message).not.toContain('hunter2')
})

test('all faults of a sink are told at once, those of two settings together too', () => {
  const { error } = RemoteWriteOptions.safeParse({
    ...good,
    endpoint: 'nowhere',
    qeueLimit: 5,
    username: 'u',
    tls: { certFile: '/run/crt', caFlie: '/run/ca' },
    headers: { Host: 'x' },
  })
  const places = error?.issues.map(({ path }) => path.join('.')).toSorted()
  expect(places).toEqual(['', 'endpoint', 'headers.Host', 'password', 'tls', 'tls.keyFile'])
})
