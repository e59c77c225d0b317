import type { RequestListener } from 'node:http'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { httpShape } from './options.ts'
import { openHttp } from './http.ts'
import { mountSecret } from '../test/mounted-secret.ts'
import { recordingServer } from '../test/recording-server.ts'

const body = Buffer.from('hello')
const Options = z.object(httpShape('http://example.com/'))

function httpTo({ href }: URL, timeoutMs: number, settings: object = {}) {
  return openHttp(Options.parse({ endpoint: href, timeout: `${timeoutMs}ms`, ...settings }))
}

const neverAborted = new AbortController().signal

/** Refuses, and repeats everything it was told. */
const echo: RequestListener = (request, response) => {
  const { authorization = '', 'x-api-key': key, 'x-honeycomb-team': team } = request.headers
  const plain = Buffer.from(authorization.replace('Basic ', ''), 'base64').toString()
  const told = [authorization, plain, String(key), String(team), 'tenant-7'].join(' ')
  response.writeHead(403).end(`${request.url} ${told}`)
}

describe('what a receiver repeats of the request shows no secret', () => {
  test.for<[string, object]>([
    ['Basic', { username: 'me', password: 'hunter2hunter2' }],
    ['a token', { token: 'hunter2hunter2' }],
    ['a header', { headers: { 'X-Api-Key': 'hunter2hunter2', 'X-Scope-OrgID': 'tenant-7' } }],
    ['any header', { headers: { 'X-Api-Key': 'none', 'X-Honeycomb-Team': 'team-hunter2' } }],
  ])('of %s', async ([, settings]) => {
    await using server = await recordingServer(undefined, echo)
    const url = new URL(`${server.url}?key=hunter2hunter2&other=a%20b`)
    using http = httpTo(url, 10_000, settings)
    const { text } = await http.post({}, body, neverAborted)
    expect(text).toContain('/write?…')
    expect(text).toContain('tenant-7')
    expect(text).not.toContain('hunter2')
    expect(text).not.toContain(Buffer.from('me:hunter2hunter2').toString('base64'))
    expect(http.where).toBe(server.url)
  })

  test.for([
    'aB3dE6gH9jK2mN5pQ8s',
    'abcdefghijklmnopqrstuvwxyz-abcdefghij',
    '9f1c2d3e-0a1b-4c2d-8e3f-5a6b7c8d9e0f',
    'ZaVnC4dhaV3uXc8R1bLq2==',
  ])('of %s in the path, which no message names either', async token => {
    await using server = await recordingServer(undefined, (request, response) =>
      response.writeHead(403).end(`no ${request.url} here`),
    )
    const { origin } = new URL(server.url)
    using http = httpTo(new URL(`/receiver/v1/${token}/push`, origin), 10_000)
    const { text } = await http.post({}, body, neverAborted)
    expect(text).toBe('no /receiver/v1/…/push here')
    expect(http.where).toBe(`${origin}/receiver/v1/…/push`)
  })

  test('and a path that holds no token is told as it is', () => {
    const url = 'https://shop.example.com/api/v1/accounts/1234567/prometheus/remote_write/events'
    using http = httpTo(new URL(url), 10_000)
    expect(http.where).toBe(url)
  })

  test.for([
    ['in JSON', (secret: string) => JSON.stringify({ told: secret })],
    ['in a URL', (secret: string) => `/?told=${encodeURIComponent(secret)}`],
  ] as const)('of a password that stands %s', async ([, written]) => {
    const password = 'hunter2"\\ä/hunter2'
    await using server = await recordingServer(undefined, (_, response) =>
      response.writeHead(403).end(`not this: ${written(password)}`),
    )
    using http = httpTo(new URL(server.url), 10_000, { username: 'me', password })
    const { text } = await http.post({}, body, neverAborted)
    expect(text).toMatch(/^not this: \S*…/)
    expect(text).not.toContain('hunter2')
  })

  test('of a header whose value a file holds, whatever it is called', async () => {
    await using server = await recordingServer(undefined, (request, response) =>
      response.writeHead(403).end(`no tenant ${String(request.headers['x-scope-orgid'])}`),
    )
    using secret = mountSecret({ tenant: 'hunter2hunter2' })
    const headerFiles = { 'X-Scope-OrgID': secret.file('tenant') }
    using http = httpTo(new URL(server.url), 10_000, { headerFiles })
    expect(await http.post({}, body, neverAborted)).toMatchObject({ text: 'no tenant …' })
  })

  test('not even its beginning, where the answer is cut in the middle of it', async () => {
    const token = 'abcdefghijklmnopqrstuvwxyz0123456789'
    await using server = await recordingServer(undefined, (_, response) =>
      response.writeHead(403).end(`${'x'.repeat(500)}${token}`),
    )
    using http = httpTo(new URL(server.url), 10_000, { token })
    const { text } = await http.post({}, body, neverAborted)
    expect(text).toBe(`${'x'.repeat(500)}…`)
  })
})
