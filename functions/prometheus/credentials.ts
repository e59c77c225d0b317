import { readFile } from 'node:fs/promises'
import { Agent } from 'node:https'
import { createSecureContext } from 'node:tls'
import { QueryError } from './answer.ts'
import type { Upstream } from './upstream.ts'
import { messageOf } from '../program/message-of.ts'

/** What goes with a request. */
export type Credentials = {
  readonly headers: Readonly<Record<string, string>>
  /** For https only; the same as long as its files say the same, so that connections stay. */
  readonly agent: Agent | undefined
}

type Tls = { readonly ca?: string; readonly cert?: string; readonly key?: string }

/** Reads all files for each request: what was replaced counts at once. Throws QueryError. */
export function credentialsReader(upstream: Upstream): () => Promise<Credentials> {
  const { prometheus, username, usernameFile, passwordFile, bearerTokenFile } = upstream
  const { caFile, certFile, keyFile, serverName, insecureSkipVerify } = upstream
  let last: { readonly key: string; readonly agent: Agent } | undefined

  return async () => {
    const headers: Record<string, string> = { ...upstream.headers }
    for (const [name, file] of Object.entries(upstream.headerFiles)) {
      headers[name] = await readLine('headerFiles', file)
    }
    if (passwordFile !== undefined) {
      const user = usernameFile ? await readLine('usernameFile', usernameFile) : username
      const pair = `${user}:${await readLine('passwordFile', passwordFile)}`
      headers['authorization'] = `Basic ${Buffer.from(pair).toString('base64')}`
    }
    if (bearerTokenFile !== undefined) {
      headers['authorization'] = `Bearer ${await readLine('bearerTokenFile', bearerTokenFile)}`
    }
    if (!prometheus.startsWith('https:')) return { headers, agent: undefined }
    return {
      headers,
      agent: agentOf({
        ...(caFile !== undefined && { ca: await readText('caFile', caFile) }),
        ...(certFile !== undefined && { cert: await readText('certFile', certFile) }),
        ...(keyFile !== undefined && { key: await readText('keyFile', keyFile) }),
      }),
    }
  }

  function agentOf(tls: Tls): Agent {
    const key = JSON.stringify(tls)
    if (last?.key === key) return last.agent
    last?.agent.destroy()
    try {
      const agent = new Agent({
        // Made here, so that a broken file is told as such and not as a broken connection.
        secureContext: createSecureContext(tls),
        keepAlive: true,
        rejectUnauthorized: !insecureSkipVerify,
        ...(serverName && { servername: serverName }),
      })
      last = { key, agent }
      return agent
    } catch (error) {
      throw new QueryError('credentials', `caFile, certFile or keyFile: ${messageOf(error)}`)
    }
  }
}

async function readText(key: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'error'
    throw new QueryError('credentials', `${key}: cannot read ${file} (${code})`, { cause: error })
  }
}

/** Editors and `echo` put a line feed behind a secret. The text never stands in an error. */
async function readLine(key: string, file: string): Promise<string> {
  const line = (await readText(key, file)).trim()
  if (line === '') throw new QueryError('credentials', `${key}: ${file} is empty`)
  if (/[^\t\x20-\x7e\x80-\xff]/.test(line)) {
    throw new QueryError('credentials', `${key}: ${file} holds more than one line of text`)
  }
  return line
}
