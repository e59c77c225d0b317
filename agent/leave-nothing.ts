import { once } from 'node:events'
import type { Config } from './config.ts'
import { removePins } from './kernel/pins/unpin.ts'
import type { Log } from './log.ts'
import { removeSpools } from './sinks/spool/folder.ts'
import { watchUninstall } from './uninstall.ts'

export type LeaveOptions = {
  readonly config: Pick<Config, 'apiServer' | 'daemonSet' | 'kernel' | 'spoolDirectory'>
  readonly isPinned: boolean
  readonly log: Log
  readonly stop: AbortSignal
}

/**
 * Pins and spools are for the next agent of the node, and after an uninstallation there is none. At the
 * end it removes the pins, if it is one, and gives what removes the spools, once no sink writes to them.
 */
export async function leaveNothing(options: LeaveOptions): Promise<() => void> {
  const { config, isPinned, log, stop } = options
  const { apiServer: server, daemonSet, kernel, spoolDirectory } = config
  const leavesSomething = isPinned || spoolDirectory !== undefined
  if (!server || daemonSet === undefined || !leavesSomething) return nothing
  using uninstall = watchUninstall({ server, daemonSet, ...log })
  if (!stop.aborted) await once(stop, 'abort')
  if (!(await uninstall.isUnderWay())) return nothing
  const pins = isPinned ? removePins(kernel.pinDirectory) : 0
  log.info(`DaemonSet ${daemonSet} is gone: ${pins} pins removed, spools follow`)
  return spoolDirectory === undefined ? nothing : () => removeSpools(spoolDirectory)
}

function nothing(): void {}
