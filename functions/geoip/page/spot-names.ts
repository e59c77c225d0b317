import { svg } from './dom.ts'
import { mapWidth } from './spots.ts'
import type { Spot } from './spots.ts'

type Box = {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

// More names than these cover the dots they belong to.
const mostNames = 12
const letterWidth = 6.4
const halfLine = 8
const margin = 4

/** Names of the largest places, beside their dots and only where they cover nothing. */
export function namesOf(spots: readonly Spot[]): SVGTextElement[] {
  const circles = spots.map(circleBox)
  const taken: Box[] = []
  return spots.slice(0, mostNames).flatMap((spot, index) => {
    const others = [...taken, ...circles.filter((_, other) => other !== index)]
    const [right, left] = sidesOf(spot)
    const free = [right, left].find(
      side => isOnMap(side) && !others.some(other => overlap(side, other)),
    )
    if (!free) return []
    taken.push(free)
    const text = svg('text', {
      x: (free === left ? free.right : free.left).toFixed(1),
      y: (spot.y + margin).toFixed(1),
      'text-anchor': free === left ? 'end' : 'start',
    })
    text.textContent = spot.dot.name
    return [text]
  })
}

function circleBox({ x, y, radius }: Spot): Box {
  const reach = radius + margin
  return { left: x - reach, right: x + reach, top: y - reach, bottom: y + reach }
}

function sidesOf({ x, y, radius, dot }: Spot): [right: Box, left: Box] {
  const width = dot.name.length * letterWidth
  const gap = radius + margin + 3
  const line = { top: y - halfLine, bottom: y + halfLine }
  return [
    { ...line, left: x + gap, right: x + gap + width },
    { ...line, left: x - gap - width, right: x - gap },
  ]
}

function isOnMap({ left, right }: Box): boolean {
  return left > margin && right < mapWidth - margin
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
}
