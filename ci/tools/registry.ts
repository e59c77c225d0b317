import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { toolPath } from './tool.ts'

/** A registry of images and charts on a free port of loopback, that forgets all when it is disposed of. */
export type Registry = AsyncDisposable & { readonly address: string }

export async function startRegistry(): Promise<Registry> {
  const child = spawn(toolPath('registry'), { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(child.stdout, 'data')
  return {
    address: String(line).trim(),
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, 'exit')
      child.kill()
      await ended
    },
  }
}
