/** What one talker does: pure data, sent to it over its channel. */
export type Plan = {
  /** Ports it answers on, on every address it has. */
  readonly listen: readonly number[]
  readonly calls: readonly Call[]
}

/** Exchanges with one service, one after the other. */
export type Call = {
  /** Own address to call from, where a talker has several. */
  readonly from?: string
  readonly address: string
  readonly port: number
  /** Payload of one exchange; the request holds an 8-byte header. */
  readonly requestBytes: number
  readonly responseBytes: number
  /** Rest between two exchanges. */
  readonly pauseMs: number
  /** One connection for all exchanges, left open at the end, instead of one for each. */
  readonly staysOpen: boolean
}

/** What a talker itself wrote and read, per remote end. */
export type Count = {
  readonly role: 'client' | 'server'
  readonly address: string
  /** Of the service, whichever end that is. */
  readonly port: number
  readonly bytesSent: number
  readonly bytesReceived: number
  readonly openConnections: number
}

/** To a talker. `settle`: finish the exchanges at hand and start none, keep what stays open. */
export type Order =
  | { readonly kind: 'listen'; readonly plan: Plan }
  | { readonly kind: 'call'; readonly plan: Plan }
  | { readonly kind: 'settle' }
  | { readonly kind: 'count' }

/** From a talker: `present` in its network namespace when it starts, then an answer to each order. */
export type Report =
  | { readonly kind: 'present' | 'listening' | 'calling' | 'settled' }
  | { readonly kind: 'counted'; readonly counts: readonly Count[] }
