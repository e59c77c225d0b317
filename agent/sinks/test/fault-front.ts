import type { EventEmitter } from 'node:events'
import type { Pair } from './certificates.ts'

/** An answer that a receiver gives, or would give. */
export type Refusal = { readonly status: number; readonly retryAfter?: 'seconds' | 'date' }

/** A request on its way to the receiver, in the terms of its protocol. */
export type Passing = {
  /** Port of the client's connection. */
  readonly fromPort: number | undefined
  readonly body: () => Promise<Buffer>
  /** Asks the receiver. */
  readonly passOn: (body: Buffer) => Promise<Reply>
  /** What a receiver says that does not take it. */
  readonly refuse: (refusal: Refusal) => Reply
  /** Something is wrong with the proxy itself. */
  readonly giveUp: () => void
}

/** An answer that can still be held up, or cut. */
export type Reply = {
  readonly begin: () => void
  readonly end: () => void
  /** Only a part of it: who waits for the rest waits for nothing. */
  readonly half: () => void
}

/** What speaks the protocol: takes the connections that are emitted on it, as `connection`. */
export type Front = (parts: {
  /** URL of the receiver. */
  readonly target: string
  readonly pair: Pair | undefined
  readonly meet: (request: Passing) => Promise<void>
}) => EventEmitter
