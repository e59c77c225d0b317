import {
  HttpMethod,
  IsomorphicFetchHttpLibrary,
  KubeConfig,
  RequestContext,
} from '@kubernetes/client-node'
import { causeOf } from '../program/cause.ts'
import { ApiError, refusal } from './api-error.ts'
import type { Config } from './config.ts'

/** A connection to the API server with the credentials of the moment it was opened. */
export type Session = AsyncDisposable & {
  /**
   * The parts of a successful answer, as they come in. Throws ApiError for everything else:
   * no connection, `quietMs` without a byte, a status other than 200.
   */
  readonly get: (path: string, options: GetOptions) => AsyncGenerator<Uint8Array, void, undefined>
}

export type GetOptions = { readonly quietMs: number; readonly signal: AbortSignal }

export type ApiServer = {
  readonly url: string
  /** Reads token and certificates anew, which the kubelet replaces. Throws ApiError. */
  readonly open: () => Promise<Session>
}

type Where = Config['api']

/** The API server that the configuration names, else that of the cluster this pod runs in. Throws Error. */
export function apiServer(where: Where): ApiServer {
  const kubeConfig = new KubeConfig()
  if (where.apiServer) useServer(kubeConfig, where.apiServer, where)
  else if (where.kubeconfig) useFile(kubeConfig, where.kubeconfig)
  else kubeConfig.loadFromCluster()
  const url = kubeConfig.getCurrentCluster()?.server
  if (!url) throw new Error(`${where.kubeconfig}: its current context names no cluster; set it`)
  return { url, open: () => openSession(kubeConfig, url) }
}

function useServer(
  kubeConfig: KubeConfig,
  server: string,
  { apiTokenFile, apiCaFile }: Where,
): void {
  // The library refuses plain HTTP unless certificates are said not to matter.
  const skipTLSVerify = server.startsWith('http:')
  const authProvider = { name: 'tokenFile', config: { tokenFile: apiTokenFile } }
  kubeConfig.loadFromClusterAndUser(
    { name: 'cluster', server, skipTLSVerify, ...(apiCaFile && { caFile: apiCaFile }) },
    { name: 'user', ...(apiTokenFile && { authProvider }) },
  )
}

function useFile(kubeConfig: KubeConfig, file: string): void {
  try {
    kubeConfig.loadFromFile(file)
  } catch (error) {
    const text = `cannot read ${file}: ${causeOf(error)}. Name a kubeconfig by --kubeconfig`
    throw new Error(text, { cause: error })
  }
}

async function openSession(kubeConfig: KubeConfig, url: string): Promise<Session> {
  const context = new RequestContext(url, HttpMethod.GET)
  try {
    await kubeConfig.applySecurityAuthentication(context)
  } catch (error) {
    throw new ApiError('credentials', `the credentials cannot be read: ${causeOf(error)}`)
  }
  return {
    get: (path, options) => getParts(context, new URL(path, `${url}/`).href, options),
    // The library makes a pool of connections for each authentication and never closes one.
    [Symbol.asyncDispose]: async () => context.getDispatcher()?.destroy(),
  }
}

async function* getParts(
  context: RequestContext,
  url: string,
  { quietMs, signal }: GetOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const silence = new AbortController()
  const timer = setTimeout(() => silence.abort(), quietMs)
  context.setUrl(url)
  context.setSignal(AbortSignal.any([signal, silence.signal]))
  try {
    const response = await new IsomorphicFetchHttpLibrary().send(context).toPromise()
    if (response.httpStatusCode !== 200) throw await refusal(response)
    for await (const part of response.body.stream() ?? []) {
      timer.refresh()
      yield part
    }
  } catch (error) {
    if (silence.signal.aborted) {
      throw new ApiError('timeout', `the API server was silent for ${quietMs / 1_000} s`)
    }
    if (error instanceof ApiError) throw error
    throw new ApiError('unreachable', causeOf(error))
  } finally {
    clearTimeout(timer)
    // Ends an answer that nobody reads to its end.
    silence.abort()
  }
}
