/** What is wrong right now, by subject, for the log, `/readyz` and the page alike. */
export type Problems = {
  /** Replaces what is known about the subject; no text means that it is well again. */
  readonly report: (subject: string, text: string | undefined) => void
  readonly current: () => readonly string[]
}

const repeatAfterMs = 60_000

/** Logs a problem when it appears, once a minute at most while it stays, and when it ends. */
export function problemBoard(log: (line: string) => void, now: () => number = Date.now): Problems {
  const problems = new Map<string, { text: string; loggedMs: number }>()
  return {
    report: (subject, text) => {
      const before = problems.get(subject)
      if (text === undefined) {
        if (problems.delete(subject)) log(`${subject}: works again`)
        return
      }
      const nowMs = now()
      const isDue = !before || nowMs - before.loggedMs >= repeatAfterMs
      if (isDue) log(text)
      problems.set(subject, { text, loggedMs: isDue ? nowMs : before.loggedMs })
    },
    current: () => [...problems.values()].map(({ text }) => text),
  }
}
