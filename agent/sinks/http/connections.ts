import { Agent } from 'node:http'
import type { HttpTransport } from './options.ts'
import type { TlsFiles } from './tls.ts'

/** Connections that are kept and used again, for as long as the files of TLS stay as they are. */
export type Connections = Disposable & {
  /** An agent for one request; disposing it says that the request is over. Throws `FileFault`. */
  readonly lease: () => Promise<Disposable & { readonly agent: Agent }>
}

type Pool = { readonly agent: Agent; readonly files: TlsFiles; inUse: number }

export function openConnections(url: URL, { tls, proxyUrl }: HttpTransport): Connections {
  const proxyEnv = { http_proxy: proxyUrl, https_proxy: proxyUrl }
  const options = { keepAlive: true, ...(proxyUrl !== '' && { proxyEnv }) }
  let current: Pool | undefined

  /** What a request is under way on is left alone until that is over. */
  function retire(pool: Pool): void {
    if (pool !== current && pool.inUse === 0) pool.agent.destroy()
  }

  function use(agentFor: () => Agent, files: TlsFiles) {
    const former = current
    const pool =
      former && isSame(former.files, files) ? former : { agent: agentFor(), files, inUse: 0 }
    current = pool
    if (former) retire(former)
    pool.inUse += 1
    const release = () => {
      pool.inUse -= 1
      retire(pool)
    }
    return { agent: pool.agent, [Symbol.dispose]: release }
  }

  return {
    lease: async () => {
      if (url.protocol === 'http:') return use(() => new Agent(options), {})
      // Megabytes, for https only.
      const { readTlsFiles, tlsAgent } = await import('./tls.ts')
      const files = readTlsFiles(tls)
      return use(() => tlsAgent(files, tls, options), files)
    },
    [Symbol.dispose]: () => current?.agent.destroy(),
  }
}

export function isSame(one: TlsFiles, other: TlsFiles): boolean {
  return one.ca === other.ca && one.cert === other.cert && one.key === other.key
}
