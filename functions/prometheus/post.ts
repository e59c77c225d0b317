import { request as requestPlain } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { request as requestTls } from 'node:https'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { Credentials } from './credentials.ts'

export type Posted = {
  readonly status: number
  readonly location: string | null
  /** Unpacked. */
  readonly body: AsyncIterable<Buffer>
}

/** Posts a form, and answers once the head of the answer is there. A redirect is not followed. */
export function post(
  url: string,
  form: URLSearchParams,
  { headers, agent }: Credentials,
  signal: AbortSignal,
): Promise<Posted> {
  const body = form.toString()
  const request = url.startsWith('https:') ? requestTls : requestPlain
  return new Promise((resolve, reject) => {
    const sent = request(url, {
      method: 'POST',
      signal,
      ...(agent && { agent }),
      headers: {
        ...headers,
        accept: 'application/json',
        'accept-encoding': 'gzip',
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': Buffer.byteLength(body),
      },
    })
    sent.on('error', reject)
    sent.on('response', response => {
      const { statusCode = 0, headers: answered } = response
      const { location = null } = answered
      resolve({ status: statusCode, location, body: unpacked(response) })
    })
    sent.end(body)
  })
}

function unpacked(response: IncomingMessage): Readable {
  if (response.headers['content-encoding'] !== 'gzip') return response
  // Errors of either come out where the body is read.
  return pipeline(response, createGunzip(), () => {})
}
