import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { progress } from './progress.ts'

/** A process that should live as long as the cluster. */
export type Service = {
  readonly name: string
  readonly process: ChildProcess
  readonly log: string
}

/** Starts a process whose output goes to `<logs>/<name>.log`, and its id to `<logs>/<name>.pid`. */
export function startService(
  logs: string,
  command: string,
  args: readonly string[],
  name = basename(command),
): Service {
  const log = join(logs, `${name}.log`)
  const output = openSync(log, 'a')
  const child = spawn(command, args, { stdio: ['ignore', output, output] })
  closeSync(output)
  writeFileSync(join(logs, `${name}.pid`), String(child.pid))
  // Told by waitUntil(), which finds that it has no id.
  child.once('error', () => {})
  return { name, process: child, log }
}

/**
 * Waits until `check` is true; a check that throws counts as "not yet".
 * Errors: the service ended, or the time is up: one with the last lines of its log.
 */
export async function waitUntil(
  service: Service,
  state: string,
  check: () => Promise<boolean> | boolean,
  timeoutS = 60,
): Promise<void> {
  const deadlineMs = performance.now() + timeoutS * 1000
  let reason = ''
  while (performance.now() < deadlineMs) {
    const { pid, exitCode, signalCode, spawnfile } = service.process
    if (pid === undefined) throw new Error(`${service.name} cannot be started: ${spawnfile}`)
    if (exitCode !== null || signalCode !== null) {
      throw new Error(
        `${service.name} ended (${exitCode ?? signalCode}).\n${lastLines(service.log)}`,
      )
    }
    try {
      if (await check()) return progress(`${service.name}: ${state}`)
    } catch (error) {
      reason = `: ${error instanceof Error ? error.message : String(error)}`
    }
    await sleep(100)
  }
  throw new Error(
    `${service.name} is not "${state}" after ${timeoutS} s${reason}\n${lastLines(service.log)}`,
  )
}

function lastLines(log: string): string {
  const lines = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-20)
  return `Last lines of ${log}:\n${lines.join('\n')}`
}
