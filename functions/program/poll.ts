/**
 * Runs `tick` now and then again `everyMs` after each start, never two at once. A tick that fails
 * is told to `onError` and never ends the loop; disposing waits for the one under way.
 */
export function startPolling(options: {
  everyMs: number
  tick: () => Promise<void>
  onError: (error: unknown) => void
}): AsyncDisposable & { readonly lastStartMs: () => number } {
  const { everyMs, tick, onError } = options
  let lastStartMs = 0
  let isStopped = false
  let timer: NodeJS.Timeout | undefined
  let running = run()

  async function run(): Promise<void> {
    lastStartMs = Date.now()
    try {
      await tick()
    } catch (error) {
      onError(error)
    }
    if (isStopped) return
    const waitMs = Math.max(0, lastStartMs + everyMs - Date.now())
    timer = setTimeout(() => {
      running = run()
    }, waitMs)
  }

  return {
    lastStartMs: () => lastStartMs,
    [Symbol.asyncDispose]: async () => {
      isStopped = true
      clearTimeout(timer)
      await running
    },
  }
}
