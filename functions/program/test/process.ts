import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { freePorts } from '../../../ci/ports.ts'

export type FunctionProcess = AsyncDisposable & {
  readonly url: string
  readonly stderr: () => string
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  readonly kill: (signal: NodeJS.Signals) => void
}

/** Starts the `main.ts` of a function on a free port of loopback; it ends with its block. */
export async function startProcess(
  functionName: string,
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  wantedPort?: number,
): Promise<FunctionProcess> {
  const port = wantedPort ?? (await freePorts('any'))[0]
  const main = join(import.meta.dirname, '../..', functionName, 'main.ts')
  const child = spawn(process.execPath, [main, ...words, `--listen=127.0.0.1:${port}`], {
    env: { ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
  const exited = once(child, 'exit').then(([code, signal]) => ({ code, signal }))
  return {
    url: `http://127.0.0.1:${port}`,
    stderr: () => stderr,
    exited,
    kill: signal => child.kill(signal),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}

/** Asks again until `accepts` is content; throws what it saw last when that takes too long. */
export async function untilText(
  url: string,
  accepts: (text: string, status: number) => boolean,
): Promise<string> {
  let last = ''
  for (const endMs = Date.now() + 50_000; Date.now() < endMs;) {
    try {
      const response = await fetch(url)
      last = await response.text()
      if (accepts(last, response.status)) return last
    } catch (error) {
      last = String(error)
    }
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  throw new Error(`${url} did not come to answer as hoped; at last: ${last}`)
}
