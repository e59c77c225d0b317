import type { Fault } from './faults.ts'
import { FileFault } from './files.ts'

/** Why there was no answer. Holds no secret. */
export type Unanswered = {
  readonly fault: Fault
  readonly text: string
  /** Bytes that went out for it. */
  readonly sentBytes: number
  /** Whether the other end may have it nevertheless. */
  readonly isUnanswered: boolean
}

const NOTHING_SENT = { sentBytes: 0, isUnanswered: false }

/**
 * One attempt with a signal that aborts with `signal`, and after `timeoutMs`: its answer, or in words for
 * people why there was none from `where`. A file of the settings that cannot be read is such a reason.
 */
export async function answerInTime<Answered extends object>(
  parts: { readonly where: string; readonly timeoutMs: number; readonly signal: AbortSignal },
  attempt: (cut: AbortSignal) => Promise<Answered | Unanswered>,
): Promise<Answered | Unanswered> {
  const { where, timeoutMs, signal } = parts
  // Not AbortSignal.any: each would hang on to the sink's own signal, which lives for months.
  const cut = new AbortController()
  const cutShort = () => cut.abort()
  signal.addEventListener('abort', cutShort)
  if (signal.aborted) cutShort()
  const deadline = setTimeout(() => cut.abort('timeout'), timeoutMs)
  try {
    const result = await attempt(cut.signal)
    if (!('fault' in result)) return result
    const isLate = cut.signal.reason === 'timeout'
    const text = isLate ? `nothing in ${timeoutMs / 1_000} s` : result.text
    const fault = isLate ? 'timeout' : result.fault
    return { ...result, fault, text: `no answer from ${where}: ${text}` }
  } catch (error) {
    if (!(error instanceof FileFault)) throw error
    return { fault: error.reason, text: `${error.setting}: ${error.message}`, ...NOTHING_SENT }
  } finally {
    clearTimeout(deadline)
    signal.removeEventListener('abort', cutShort)
  }
}
