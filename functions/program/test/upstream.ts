import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'

/** A server on loopback that stands where Prometheus should be; it ends with its block. */
export async function startUpstream(
  answer: RequestListener,
  port = 0,
): Promise<AsyncDisposable & { readonly url: string; readonly port: number }> {
  const server = createServer(answer)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    [Symbol.asyncDispose]: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** An answer of Prometheus that holds these samples. */
export function vector(
  samples: readonly { labels: Readonly<Record<string, string>>; value: string | number }[],
): string {
  const result = samples.map(({ labels, value }) => ({
    metric: labels,
    value: [1_700_000_000, String(value)],
  }))
  return JSON.stringify({ status: 'success', data: { resultType: 'vector', result } })
}
