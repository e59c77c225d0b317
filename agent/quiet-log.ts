const QUIET_MS = 60_000

/** Lets one line a minute per reason through, and says with the next one how many it held back. */
// A clock that takes no steps: set back by an hour, the other one would silence the log for an hour.
export function quietLog(
  log: (line: string) => void,
  nowMs: () => number = () => performance.now(),
) {
  const reasons = new Map<string, { quietUntilMs: number; heldBack: number }>()
  return (reason: string, line: string) => {
    const known = reasons.get(reason)
    if (known && nowMs() < known.quietUntilMs) {
      known.heldBack += 1
      return
    }
    const heldBack = known?.heldBack ?? 0
    reasons.set(reason, { quietUntilMs: nowMs() + QUIET_MS, heldBack: 0 })
    log(heldBack > 0 ? `${line} (${heldBack} more like this since the last line)` : line)
  }
}
