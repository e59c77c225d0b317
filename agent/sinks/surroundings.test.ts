import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readConfig } from '../config.ts'
import { makeAuthority, type Authority } from './test/certificates.ts'
import { mountSecret, type MountedSecret } from './test/mounted-secret.ts'

let authority: Authority
let secret: MountedSecret
beforeAll(() => {
  authority = makeAuthority()
  const [one, other] = [authority.issue('DNS:one.test'), authority.issue('DNS:other.test')]
  secret = mountSecret({
    good: 'hunter2',
    empty: '\n',
    lines: 'hunter2\nhunter2\n',
    ca: authority.ca,
    cert: one.cert,
    key: one.key,
    otherKey: other.key,
    sealedKey: sealed(one.keyFile),
    damaged: one.cert.replace(/\n[^-]{60}/, '\nhunter2'),
  })
})
afterAll(() => {
  secret[Symbol.dispose]()
  authority[Symbol.dispose]()
})

function sealed(keyFile: string): string {
  const args = ['pkcs8', '-topk8', '-in', keyFile, '-passout', 'pass:hunter2']
  return execFileSync('openssl', args, { encoding: 'utf8' })
}

const endpoint = 'https://metrics.test/write'

/** What the agent says as it starts with such a sink; nothing: it starts. */
function said(sink: object, env: Record<string, string> = {}): string {
  using config = mountSecret({
    'agent.json': JSON.stringify({ sinks: { main: { type: 'prometheus', endpoint, ...sink } } }),
  })
  const file = config.file('agent.json')
  try {
    readConfig(['--config', file], env)
    return ''
  } catch (error) {
    return String(error).replaceAll(`${file}: `, '')
  }
}

const at = (name: string) => secret.file(name)
const anyPair = () => ({ certFile: at('cert'), keyFile: at('key') })

test('files that are as they must be are no fault', () => {
  const tls = { caFile: at('ca'), ...anyPair() }
  expect(said({ tls, username: 'u', passwordFile: at('good') })).toBe('')
  expect(said({ tls, tokenFile: at('good') })).toBe('')
  expect(said({ headerFiles: { 'X-Scope-OrgID': at('good') } })).toBe('')
})

test.for<[string, () => object, RegExp]>([
  [
    'a credential file that is not there',
    () => ({ username: 'u', passwordFile: at('none') }),
    /^sinks\.main\.passwordFile: cannot read \S+none \(ENOENT\)\. Mount it there or correct the path$/,
  ],
  [
    'a folder instead of a file',
    () => ({ tokenFile: '/tmp' }),
    /^sinks\.main\.tokenFile: \/tmp is no regular file\. Name the file itself$/,
  ],
  [
    'a device instead of a file',
    () => ({ tokenFile: '/dev/null' }),
    /^sinks\.main\.tokenFile: \/dev\/null is no regular file/,
  ],
  [
    'an empty credential file',
    () => ({ usernameFile: at('empty'), password: 'hunter2' }),
    /^sinks\.main\.usernameFile: \S+empty is empty\. Put the value into it$/,
  ],
  [
    'a token of several lines',
    () => ({ tokenFile: at('lines') }),
    /^sinks\.main\.tokenFile: \S+lines holds a line break .* Put nothing but the value into it$/,
  ],
  [
    'a file for a header that is not there',
    () => ({ headerFiles: { 'api-key': at('none') } }),
    /^sinks\.main\.headerFiles\.api-key: cannot read \S+none \(ENOENT\)\. Mount it there or correct the path$/,
  ],
  [
    'a file for a header that holds several lines',
    () => ({ headerFiles: { 'api-key': at('lines') } }),
    /^sinks\.main\.headerFiles\.api-key: \S+lines holds a line break .* Put nothing but the value into it$/,
  ],
  [
    'a CA file that is not there',
    () => ({ tls: { caFile: at('none') } }),
    /^sinks\.main\.tls\.caFile: cannot read \S+none \(ENOENT\)/,
  ],
  [
    'a CA file without a certificate',
    () => ({ tls: { caFile: at('good') } }),
    /^sinks\.main\.tls\.caFile: \S+good holds no certificate in PEM\. Give one that begins with -----BEGIN CERTIFICATE-----$/,
  ],
  [
    'a damaged certificate',
    () => ({ tls: { caFile: at('damaged') } }),
    /^sinks\.main\.tls\.caFile: \S+damaged holds a certificate that is damaged/,
  ],
  [
    'a client key that does not fit the certificate',
    () => ({ tls: { certFile: at('cert'), keyFile: at('otherKey') } }),
    /^sinks\.main\.tls\.keyFile: \S+otherKey is not the key of the certificate in \S+cert\. Give both of one pair$/,
  ],
  [
    'a client key with a passphrase',
    () => ({ tls: { certFile: at('cert'), keyFile: at('sealedKey') } }),
    /^sinks\.main\.tls\.keyFile: \S+sealedKey holds no key in PEM, or one with a passphrase\. Give one without$/,
  ],
])('%s is refused with its setting and the fix', ([, sink, message]) => {
  const text = said(sink())
  expect(text.replace(/^\w*Error: /, '')).toMatch(message)
  expect(text).not.toContain('hunter2')
})

test('faults of settings and of files are told in one message', () => {
  const text = said({
    username: 'u',
    qeueLimit: 5,
    timeout: 'soon',
    passwordFile: at('none'),
    tls: { caFile: at('good'), certFile: at('none'), keyFile: at('none'), caFlie: 'x' },
    headers: { 'Content-Type': 'x' },
  })
  const places = text
    .split('\n')
    .map(line => String(line.replace(/^\w*Error: /, '').split(': ')[0]))
  expect(places.toSorted((one, other) => one.localeCompare(other))).toEqual([
    'sinks.main',
    'sinks.main.headers.Content-Type',
    'sinks.main.passwordFile',
    'sinks.main.timeout',
    'sinks.main.tls',
    'sinks.main.tls.caFile',
    'sinks.main.tls.certFile',
    'sinks.main.tls.keyFile',
  ])
})

test('who only removes what an agent left needs no file of a sink', () => {
  using config = mountSecret({
    'agent.json': JSON.stringify({
      sinks: { main: { type: 'prometheus', endpoint, tokenFile: '/none' } },
    }),
  })
  const args = ['--config', config.file('agent.json')]
  expect(readConfig(['unpin', ...args], {})).toMatchObject({ command: 'unpin' })
  expect(() => readConfig(['check', ...args], {})).toThrow('sinks.main.tokenFile')
})

test('the proxy of the environment is taken where a sink names none', () => {
  const env = { HTTPS_PROXY: 'http://u:p@proxy.test:3128', NO_PROXY: '.svc' }
  const sinks = {
    outside: { type: 'prometheus', endpoint },
    inside: { type: 'prometheus', endpoint: 'https://prometheus.monitoring.svc/api/v1/write' },
    own: { type: 'prometheus', endpoint, proxyUrl: 'http://own.test:8080' },
    grpc: { type: 'otlp', protocol: 'grpc', endpoint: 'https://otel.test:4317' },
    grpcInside: { type: 'otlp', protocol: 'grpc', endpoint: 'https://otel.monitoring.svc:4317' },
    // Of http, which HTTPS_PROXY is not about.
    grpcPlain: { type: 'otlp', protocol: 'grpc', endpoint: 'otel.test:4317' },
    events: { type: 'newrelic', account: 1, key: 'k' },
    screen: { type: 'stdout' },
  }
  using config = mountSecret({ 'agent.json': JSON.stringify({ sinks }) })
  expect(readConfig(['--config', config.file('agent.json')], env)).toMatchObject({
    sinks: {
      outside: { proxyUrl: 'http://u:p@proxy.test:3128' },
      inside: { proxyUrl: '' },
      own: { proxyUrl: 'http://own.test:8080' },
      grpc: { proxyUrl: 'http://u:p@proxy.test:3128' },
      grpcInside: { proxyUrl: '' },
      grpcPlain: { proxyUrl: '' },
      events: { proxyUrl: 'http://u:p@proxy.test:3128' },
    },
  })
})

test.for(['socks5://u:hunter2@proxy.test:1080', 'http://u:hunter2%@proxy.test', 'http://'])(
  'a proxy of the environment that is none is refused, unless it is not used: %s',
  proxy => {
    const text = said({}, { HTTPS_PROXY: proxy })
    expect(text).toMatch(
      /sinks\.main\.proxyUrl: the proxy of the environment is none\. Write HTTPS/,
    )
    expect(text).not.toContain('hunter2')
    expect(said({}, { HTTPS_PROXY: proxy, NO_PROXY: 'metrics.test' })).toBe('')
    expect(said({}, { HTTP_PROXY: proxy })).toBe('')
  },
)

test.for([
  { type: 'otlp', protocol: 'grpc', endpoint: 'otel.test:4317' },
  { type: 'newrelic', account: 1, key: 'k' },
])('so is one for an endpoint that is not written as a URL: %o', sink => {
  const proxy = 'socks5://u:hunter2@proxy.test:1080'
  const text = said({ endpoint: undefined, ...sink }, { HTTP_PROXY: proxy, HTTPS_PROXY: proxy })
  expect(text).toContain('sinks.main.proxyUrl: the proxy of the environment is none.')
  expect(text).not.toContain('hunter2')
})
