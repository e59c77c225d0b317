import type { Verdict } from '../connections/verdicts.ts'

/**
 * Adds the outline of a mark to a path: a diamond of a circle's area for what is forbidden, so that nobody
 * has to tell colours apart.
 */
export function addMark(
  path: Pick<Path2D, 'arc' | 'moveTo' | 'lineTo' | 'closePath'>,
  verdict: Verdict,
  x: number,
  y: number,
  radius: number,
): void {
  if (verdict !== 'forbidden') {
    path.moveTo(x + radius, y)
    path.arc(x, y, radius, 0, 2 * Math.PI)
    return
  }
  const half = radius * Math.sqrt(Math.PI / 2)
  path.moveTo(x, y - half)
  path.lineTo(x + half, y)
  path.lineTo(x, y + half)
  path.lineTo(x - half, y)
  path.closePath()
}

/** How a mark is filled: what nobody judges is hollow. */
export const fillOpacity: Readonly<Record<Verdict, number>> = {
  forbidden: 0.75,
  allowed: 0.6,
  unknown: 0.28,
}
