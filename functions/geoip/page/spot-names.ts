import type { Spot } from './spots.ts'

/** The name of a place beside its dot, in pixels of the map's panel. */
export type NamedSpot = {
  readonly text: string
  readonly x: number
  readonly y: number
  readonly align: 'left' | 'right'
}

type Box = {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

// More names than these cover the dots they belong to.
const mostNames = 14
const letterWidth = 6.8
const halfLine = 8
const margin = 4

/** Names of places in sight, the first ones first, beside their dots and only where they cover nothing. */
export function namesOf(
  spots: readonly Spot[],
  toScreen: (x: number, y: number) => readonly [number, number],
  size: { readonly width: number; readonly height: number },
): NamedSpot[] {
  const circles = spots.map(spot => boxOf(toScreen(spot.x, spot.y), spot.radius))
  const taken: Box[] = []
  const names: NamedSpot[] = []
  for (const [index, spot] of spots.entries()) {
    if (names.length === mostNames) break
    const [right, left] = sidesOf(toScreen(spot.x, spot.y), spot)
    const free = [right, left].find(
      side =>
        isIn(side, size) &&
        !taken.some(other => overlap(side, other)) &&
        !circles.some((other, at) => at !== index && overlap(side, other)),
    )
    if (!free) continue
    taken.push(free)
    const y = (free.top + free.bottom) / 2
    if (free === left) names.push({ text: spot.dot.name, x: free.right, y, align: 'right' })
    else names.push({ text: spot.dot.name, x: free.left, y, align: 'left' })
  }
  return names
}

function boxOf([x, y]: readonly [number, number], radius: number): Box {
  const reach = radius + margin
  return { left: x - reach, right: x + reach, top: y - reach, bottom: y + reach }
}

function sidesOf(
  [x, y]: readonly [number, number],
  { radius, dot }: Spot,
): [right: Box, left: Box] {
  const width = dot.name.length * letterWidth
  const gap = radius + margin + 3
  const line = { top: y - halfLine, bottom: y + halfLine }
  return [
    { ...line, left: x + gap, right: x + gap + width },
    { ...line, left: x - gap - width, right: x - gap },
  ]
}

function isIn({ left, right, top, bottom }: Box, size: { width: number; height: number }): boolean {
  return left > margin && right < size.width - margin && top > 0 && bottom < size.height
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
}
