import { request } from 'node:https'
import type { RequestOptions } from 'node:https'
import { text } from 'node:stream/consumers'

/** How a client reaches an API server and is known to it: by a token or by a certificate. */
export type ApiAccess = {
  readonly url: string
  readonly tls: Pick<RequestOptions, 'ca' | 'cert' | 'key'>
  readonly token?: string
}

type Request = {
  readonly method?: string
  readonly accept?: string
  readonly body?: object
}

/** One request; resolves when the answer has ended, whatever its status. */
export async function askApi(
  { url, tls, token }: ApiAccess,
  path: string,
  { method = 'GET', accept = 'application/json', body }: Request = {},
): Promise<{ status: number; text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>()
  const headers = {
    accept,
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(body && { 'content-type': 'application/json' }),
  }
  const sent = request(new URL(path, url), { agent: false, ...tls, method, headers }, response => {
    text(response).then(all => resolve({ status: response.statusCode ?? 0, text: all }), reject)
  })
  sent.on('error', reject)
  sent.end(body && JSON.stringify(body))
  return await promise
}
