import { ApiError, getBody, textOf, type ApiServer } from './attribute/api-server.ts'
import { CLOCK, retry, type RetryPace } from './attribute/retry.ts'
import { messageOf } from './message-of.ts'

export type UninstallParts = {
  readonly server: ApiServer
  /** The object that makes this pod, as `namespace/name`. */
  readonly daemonSet: string
  /** Failures with the same key are one matter: one line a minute. */
  readonly warn: (key: string, line: string) => void
  readonly debug: (line: string) => void
  readonly pace?: RetryPace
}

export type Uninstall = Disposable & {
  /**
   * Asked when the agent is told to end: true if the DaemonSet is gone, or is about to be. Never
   * throws; what cannot be told counts as false, so that nothing is removed that a next agent needs.
   */
  readonly isUnderWay: () => Promise<boolean>
}

/** Twice that is well below the seconds that a process has between SIGTERM and its end. */
const ANSWER_MS = 2_000
const PACE: RetryPace = { firstRetryMs: 1_000, longestRetryMs: 60_000 }

type DaemonSet = { readonly metadata: { readonly deletionTimestamp?: string | null } }

/** What a service account gets whose DaemonSet, role or self went before its pod. */
const GONE = new Set(['status_401', 'status_403', 'status_404'])
/** Nobody answered: a next connection may go to another API server than to one that is no more. */
const UNTOLD = new Set(['timeout', 'unreachable'])

/**
 * Tells an uninstallation from a restart. Helm deletes the DaemonSet and the account with its rights
 * within a second, and the pods follow: a refusal then means the same as "not found", provided that
 * the account had been allowed to ask. So it asks at the start, too.
 */
export function watchUninstall(parts: UninstallParts): Uninstall {
  const stop = new AbortController()
  let wasAllowed = false
  void (async () => {
    wasAllowed = await askUntilAllowed(parts, stop.signal)
    if (wasAllowed) parts.debug(`DaemonSet ${parts.daemonSet} is seen: pins and spools go with it`)
  })()
  return {
    isUnderWay: async () => {
      stop.abort()
      if (!wasAllowed) return false
      return (await isGone(parts)) ?? (await isGone(parts)) ?? false
    },
    [Symbol.dispose]: () => stop.abort(),
  }
}

async function askUntilAllowed(parts: UninstallParts, signal: AbortSignal): Promise<boolean> {
  const { nextMs } = retry(parts.pace ?? PACE)
  while (!signal.aborted) {
    try {
      await isDeleted(parts, signal)
      return true
    } catch (error) {
      if (signal.aborted) return false
      const loss = 'an uninstallation would leave its pins and spools on this node'
      const why = messageOf(error)
      parts.warn('uninstall', `cannot see DaemonSet ${parts.daemonSet}: ${why}; ${loss}`)
    }
    await CLOCK.sleep(nextMs(0), signal)
  }
  return false
}

/** Undefined where nobody answers. */
async function isGone(parts: UninstallParts): Promise<boolean | undefined> {
  try {
    return await isDeleted(parts, AbortSignal.timeout(ANSWER_MS))
  } catch (error) {
    const reason = error instanceof ApiError ? error.reason : ''
    return UNTOLD.has(reason) ? undefined : GONE.has(reason)
  }
}

async function isDeleted(
  { server, daemonSet }: UninstallParts,
  signal: AbortSignal,
): Promise<boolean> {
  const [namespace = '', name = ''] = daemonSet.split('/').map(encodeURIComponent)
  const path = `/apis/apps/v1/namespaces/${namespace}/daemonsets/${name}`
  const text = await textOf(getBody(server, path, { quietMs: ANSWER_MS, signal }))
  // What is no DaemonSet throws, as it does where there is no answer.
  const { metadata }: DaemonSet = JSON.parse(text)
  return Boolean(metadata.deletionTimestamp)
}
