const startedMs = performance.now()

/** Prints what happens now, with the seconds since the program began. */
export function progress(line: string): void {
  const seconds = (performance.now() - startedMs) / 1000
  console.log(`[${seconds.toFixed(1).padStart(5)} s] ${line}`)
}
