/** What became of one attempt. `reason` is short and one of few (a metric label), `detail` is for people. */
export type Outcome = Attempt & Verdict

type Attempt = {
  /** Bytes that went out for it. */
  readonly sentBytes?: number | undefined
  /** The destination's clock when it answered, ms since the epoch. */
  readonly serverMs?: number | undefined
  /** It went out, and nobody said what became of it: the destination may have it. Absent: no. */
  readonly isUnanswered?: boolean | undefined
}

type Verdict =
  | {
      readonly kind: 'taken'
      /** How many samples the destination says it wrote; absent: all of them. */
      readonly written?: number
    }
  /** Not in this form: the same batch is encoded anew and sent at once. */
  | { readonly kind: 'again'; readonly detail: string }
  /** Not in one piece: each half of the batch is encoded and sent by itself. */
  | { readonly kind: 'halve' }
  | {
      readonly kind: 'retry'
      readonly reason: string
      readonly detail: string
      readonly retryAfterMs?: number | undefined
    }
  | {
      readonly kind: 'refused'
      readonly reason: string
      readonly detail: string
      /** How many samples were written nevertheless; absent: none. */
      readonly written?: number
      /** The request was too large: what follows is sent in smaller ones. */
      readonly isTooLarge?: boolean
    }
