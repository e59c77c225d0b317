import { spawn } from 'node:child_process'
import { progress } from './progress.ts'

/**
 * Runs a command in fresh network, mount and process namespaces, below an init process that
 * collects orphans. When it ends, by itself or because this process ends however it may, the kernel
 * ends every process in it and drops its interfaces, routes, iptables rules and mounts.
 * Returns the command's exit code.
 */
export async function runIsolated(
  init: string,
  command: readonly string[],
  ending: AbortSignal,
): Promise<number> {
  const namespaces = ['--net', '--mount', '--pid', '--fork', '--mount-proc', '--kill-child']
  // Its standard input is its lifeline (see endWithParent). A session of its own, so that Ctrl-C
  // reaches this process only, which then ends the rest in order.
  const child = spawn('unshare', [...namespaces, init, ...command], {
    stdio: ['pipe', 'inherit', 'inherit'],
    detached: true,
    // Nothing in there can reach a proxy, nor needs one.
    env: { ...process.env, NO_PROXY: '*', no_proxy: '*' },
  })
  progress(`to look inside: nsenter --target ${child.pid} --net --mount bash`)
  const end = () => child.stdin.end()
  ending.addEventListener('abort', end, { once: true })
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', exitCode => resolve(exitCode ?? 1))
  })
  ending.removeEventListener('abort', end)
  return code
}

/** In the isolated command: a signal that fires when the process that started it has gone or asks for the end. */
export function endWithParent(): AbortSignal {
  const ending = new AbortController()
  process.stdin.once('end', () => ending.abort()).resume()
  return ending.signal
}
