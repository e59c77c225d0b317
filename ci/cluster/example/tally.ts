/** What one program exchanged with one remote address since it started, in bytes and datagrams. */
export type Count = {
  sent: number
  received: number
  connections: number
  open: number
  datagramsSent: number
  datagramsReceived: number
}

export type Tally = {
  /** The count of an address. Who asks is about to change it, so it is printed once more. */
  readonly of: (address: string) => Count
  /** From now on the line says that all that was asked for is done. */
  readonly finish: () => void
}

const nothing: Count = {
  sent: 0,
  received: 0,
  connections: 0,
  open: 0,
  datagramsSent: 0,
  datagramsReceived: 0,
}

/** Counts by remote address, printed as one line of JSON whenever they changed. */
export function startTally(): Tally {
  const remotes: Record<string, Count> = {}
  let isDone = false
  let isPrinted = true
  setInterval(() => {
    if (isPrinted) return
    isPrinted = true
    console.log(JSON.stringify({ done: isDone, remotes }))
  }, 200)
  return {
    of: address => {
      isPrinted = false
      return (remotes[address] ??= { ...nothing })
    },
    finish: () => {
      isDone = true
      isPrinted = false
    },
  }
}
