import type { OutgoingHttpHeaders } from 'node:http'
import type { HttpOptions } from './http-options.ts'

// A tenant is no secret, and helps in a message.
const SECRET_HEADER = /auth|cookie|key|pass|secret|token/i

/** What a destination says may repeat what it was sent: takes every secret out of a text. */
export function redaction(
  url: URL,
  { proxyUrl }: Pick<HttpOptions, 'proxyUrl'>,
  headers: OutgoingHttpHeaders,
): (text: string) => string {
  const proxy = URL.parse(proxyUrl)
  const sent = Object.entries(headers).flatMap(([name, value]) =>
    SECRET_HEADER.test(name) ? partsOf(String(value)) : [],
  )
  const secrets = [...sent, ...url.searchParams.values(), url.search, proxy?.password ?? '']
  // The longest first: one may be a part of another.
  const found = secrets.filter(Boolean).toSorted((one, other) => other.length - one.length)
  return text => found.reduce((rest, secret) => rest.replaceAll(secret, '…'), text)
}

/** A header's value, what follows its scheme, and the password that Basic encodes. */
function partsOf(value: string): string[] {
  const [scheme, credentials = ''] = value.split(' ', 2)
  if (scheme !== 'Basic') return [value, credentials]
  const [, ...password] = Buffer.from(credentials, 'base64').toString().split(':')
  return [value, credentials, password.join(':')]
}
