import type { Samples } from '../../model.ts'
import type { Segment } from './segment.ts'

/** A moment that is in memory as well as on disk. */
export type Held = { readonly segment: Segment; readonly start: number; readonly moment: Samples }

/**
 * The newest moments of a spool, so that none is read back while the destination keeps up: all that were not
 * taken, or none.
 */
export type HeldMoments = {
  /** More than the bound, and all are let go: they are read back in their turn. */
  readonly push: (one: Held) => void
  readonly shift: () => Held | undefined
  readonly first: () => Held | undefined
  /** Lets go what is in a segment. */
  readonly leave: (segment: Segment) => void
  readonly samples: () => number
}

/** `limit` is in samples; one moment is held however large. */
export function heldMoments(limit: number): HeldMoments {
  let held: Held[] = []
  let samples = 0

  function keep(kept: Held[]): void {
    held = kept
    samples = kept.reduce((sum, { moment }) => sum + moment.series.length, 0)
  }

  return {
    push: one => {
      held.push(one)
      samples += one.moment.series.length
      if (samples > limit && held.length > 1) keep([])
    },
    shift: () => {
      const first = held.shift()
      samples -= first?.moment.series.length ?? 0
      return first
    },
    first: () => held[0],
    leave: segment => keep(held.filter(one => one.segment !== segment)),
    samples: () => samples,
  }
}
