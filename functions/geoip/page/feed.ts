import type { Connection } from '../connections/connections.ts'
import type { HistoryPoint } from '../connections/history.ts'
import type { Location } from '../location.ts'
import type { Policy } from '../connections/verdicts.ts'

/** What `/api/connections` answers. */
export type Feed = {
  readonly generatedAt: string | null
  readonly windowSeconds: number
  readonly attribution: string
  readonly cluster: Location | null
  readonly policies: readonly Policy[]
  readonly truncated: number
  readonly problem: string | null
  readonly rows: readonly Connection[]
}

/** What `/api/history` answers. */
export type HistoryFeed = {
  readonly problem: string | null
  readonly stepSeconds: number
  readonly points: readonly HistoryPoint[]
}

const patienceMs = 15_000

type Question<Answer> = {
  readonly everyMs: number
  readonly url: () => string
  readonly onAnswer: (answer: Answer) => void
  readonly onProblem: (text: string) => void
}

export type Follower = {
  /** Asks at once, since what is wanted has changed; an answer that is still out is not shown. */
  readonly ask: () => void
}

/**
 * Asks `url()` now and every `everyMs`, not while the page is hidden. `onProblem` hears that geoip
 * itself does not answer; its own troubles come with the answer.
 */
export function follow<Answer>(options: Question<Answer>): Follower {
  const { everyMs, url, onAnswer, onProblem } = options
  let timer = 0
  let latest = 0
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) clearTimeout(timer)
    else void askAndPlan()
  })
  void askAndPlan()
  return { ask: () => void askAndPlan() }

  async function askAndPlan(): Promise<void> {
    clearTimeout(timer)
    const turn = ++latest
    try {
      const response = await fetch(url(), { signal: AbortSignal.timeout(patienceMs) })
      if (!response.ok) throw new Error(`HTTP status ${response.status}`)
      const answer: Answer = await response.json()
      if (turn === latest) onAnswer(answer)
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error)
      if (turn === latest) onProblem(`geoip does not answer: ${cause}`)
    }
    if (turn !== latest) return
    clearTimeout(timer)
    if (!document.hidden) timer = window.setTimeout(() => void askAndPlan(), everyMs)
  }
}
