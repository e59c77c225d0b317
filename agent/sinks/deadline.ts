/** What came of an attempt, and whether time had run out by then. */
export type Attempted<Result> = { readonly result: Result; readonly isLate: boolean }

/** Runs an attempt with a signal that aborts with `signal`, and after so many ms. */
export async function withDeadline<Result>(
  signal: AbortSignal,
  timeoutMs: number,
  attempt: (cut: AbortSignal) => Promise<Result>,
): Promise<Attempted<Result>> {
  // Not AbortSignal.any: each would hang on to the sink's own signal, which lives for months.
  const cut = new AbortController()
  const cutShort = () => cut.abort()
  signal.addEventListener('abort', cutShort)
  if (signal.aborted) cutShort()
  const deadline = setTimeout(() => cut.abort('timeout'), timeoutMs)
  try {
    const result = await attempt(cut.signal)
    return { result, isLate: cut.signal.reason === 'timeout' }
  } finally {
    clearTimeout(deadline)
    signal.removeEventListener('abort', cutShort)
  }
}
