import type { OutgoingHttpHeaders } from 'node:http'
import type { HttpOptions } from './options.ts'

/** A tenant is no secret, and helps in a message, unless a file has it. */
const TENANT_HEADER = /tenant|org-?id|account/i
/** A shorter value of a header, such as 1 or true, is a choice: without it, no answer could be read. */
const SHORTEST_VALUE = 8
const SECRET_HEADER = /auth|cookie|key|pass|secret|token/i
/** Vendors have URLs with a token as a part of their path. Of an address that people know by heart, no part is like these. */
const TOKEN_IN_PATH = /^(?=.*\d).{16,}$|^.{32,}$/
/** So much of the beginning of a secret may stand at the end of a text that was cut. */
const SHORTEST = 4

/** A URL for messages: without its query, and without what may be a token in its path. */
export function shownUrl({ origin, pathname }: URL): string {
  const parts = pathname.split('/')
  return origin + parts.map(part => (TOKEN_IN_PATH.test(part) ? '…' : part)).join('/')
}

/** What a destination says may repeat what it was sent: takes every secret out of a text. */
export function redaction(
  url: URL,
  {
    proxyUrl,
    headers: ofSettings,
    headerFiles,
  }: Pick<HttpOptions, 'proxyUrl' | 'headers' | 'headerFiles'>,
  headers: OutgoingHttpHeaders,
): (text: string) => string {
  const isSecret = (name: string, value: string) =>
    SECRET_HEADER.test(name) ||
    name in headerFiles ||
    (name in ofSettings && !TENANT_HEADER.test(name) && value.length >= SHORTEST_VALUE)
  const sent = Object.entries(headers).flatMap(([name, value]) =>
    isSecret(name, String(value)) ? secretsOf(String(value)) : [],
  )
  const proxy = secretsOfProxy(URL.parse(proxyUrl))
  const ofPath = url.pathname.split('/').filter(part => TOKEN_IN_PATH.test(part))
  const ofUrl = [...ofPath, ...url.searchParams.values(), url.search.slice(1)]
  const secrets = [...sent, ...proxy, ...ofUrl]
  // The longest first: one may be a part of another.
  const found = [...new Set(secrets.flatMap(formsOf))]
    .filter(secret => secret !== '')
    .toSorted((one, other) => other.length - one.length)
  return text =>
    cut(
      found.reduce((rest, secret) => rest.replaceAll(secret, '…'), text),
      found,
    )
}

/** As it is, and as it stands in JSON and in a URL. */
function formsOf(secret: string): string[] {
  const inUrl = encodeURIComponent(secret.toWellFormed())
  return [secret, JSON.stringify(secret).slice(1, -1), inUrl]
}

/** A header's value, what follows its scheme, and the password that Basic encodes. */
function secretsOf(value: string): string[] {
  const [scheme, credentials = ''] = value.split(' ', 2)
  if (scheme !== 'Basic') return [value, credentials]
  const [, ...password] = Buffer.from(credentials, 'base64').toString().split(':')
  return [value, credentials, password.join(':')]
}

function secretsOfProxy(proxy: URL | null): string[] {
  if (proxy === null || proxy.password === '') return []
  const pair = [proxy.username, proxy.password].map(decodeURIComponent).join(':')
  return [proxy.password, ...secretsOf(`Basic ${Buffer.from(pair).toString('base64')}`)]
}

/** Without a secret that has only begun as the text ends. */
function cut(text: string, secrets: readonly string[]): string {
  const whole = text.replace(/\u{fffd}+$/u, '')
  for (const secret of secrets)
    for (let length = secret.length - 1; length >= SHORTEST; length--)
      if (whole.endsWith(secret.slice(0, length))) return whole.slice(0, -length)
  return whole
}
