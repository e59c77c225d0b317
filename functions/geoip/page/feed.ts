import type { Connection } from '../connections.ts'

/** What `/api/connections` answers. */
export type Feed = {
  readonly generatedAt: string | null
  readonly windowSeconds: number
  readonly attribution: string
  readonly truncated: number
  readonly problem: string | null
  readonly rows: readonly Connection[]
}

const everyMs = 5_000
const patienceMs = 15_000

/**
 * Reads the connections now and every few seconds, not while the page is hidden. `onProblem` hears
 * that geoip itself does not answer; its own troubles come with the feed.
 */
export function followFeed(onFeed: (feed: Feed) => void, onProblem: (text: string) => void): void {
  let timer = 0
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) clearTimeout(timer)
    else void readAndPlan()
  })
  void readAndPlan()

  async function readAndPlan(): Promise<void> {
    clearTimeout(timer)
    try {
      onFeed(await readFeed())
    } catch (error) {
      onProblem(`geoip does not answer: ${error instanceof Error ? error.message : String(error)}`)
    }
    clearTimeout(timer)
    if (!document.hidden) timer = window.setTimeout(() => void readAndPlan(), everyMs)
  }
}

async function readFeed(): Promise<Feed> {
  const response = await fetch('api/connections?window=60s', {
    signal: AbortSignal.timeout(patienceMs),
  })
  if (!response.ok) throw new Error(`HTTP status ${response.status}`)
  const feed: Feed = await response.json()
  return feed
}
