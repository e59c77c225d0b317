import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import type { IncomingMessage } from 'node:http'
import type { ApiServer } from '../../../agent/attribute/api-server.ts'
import { askApi, type ApiAccess } from './request.ts'

const PAGE = 500

/** What an agent would do that watches all pods of the cluster: it lists them page by page and watches on. */
export async function watchEverything({
  url,
  tokenFile,
  caFile,
}: ApiServer): Promise<AsyncDisposable> {
  const access: ApiAccess = {
    url,
    tls: { ca: readFileSync(caFile) },
    token: readFileSync(tokenFile, 'utf8'),
  }
  let version: string
  let token: string | undefined
  do {
    const more = token === undefined ? {} : { continue: token }
    const query = new URLSearchParams({ limit: `${PAGE}`, ...more })
    const { text } = await askApi(access, `/api/v1/pods?${query}`)
    // The end of the text is enough, and the bench has other things to do than to parse all of it.
    const metadata: { resourceVersion: string; continue?: string } = JSON.parse(
      text.slice(text.lastIndexOf('"metadata":') + '"metadata":'.length, -1),
    )
    version = metadata.resourceVersion
    token = metadata.continue
  } while (token !== undefined)

  const query = new URLSearchParams({ watch: '1', resourceVersion: version })
  const headers = { authorization: `Bearer ${access.token}` }
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const watch = request(new URL(`/api/v1/pods?${query}`, url), {
    agent: false,
    ...access.tls,
    headers,
  })
  watch.on('response', resolve).on('error', reject).end()
  const events = await promise
  events.resume()
  return {
    [Symbol.asyncDispose]: () => {
      watch.destroy()
      return Promise.resolve()
    },
  }
}
