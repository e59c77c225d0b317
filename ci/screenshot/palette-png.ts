import { writeFile } from 'node:fs/promises'
import { decodePng, encodePng } from './png.ts'

type Colour = { readonly rgb: number; readonly count: number }

const mostColours = 256

/** Writes a PNG anew with the 256 colours that serve it best, a third of its size; answers bytes. */
export async function writePalettePng(file: string, png: Buffer): Promise<number> {
  const picture = decodePng(png)
  const counts = new Map<number, number>()
  for (const rgb of picture.pixels) counts.set(rgb, (counts.get(rgb) ?? 0) + 1)
  const boxes = medianCut([...counts].map(([rgb, count]) => ({ rgb, count })))
  const indexOf = new Map(
    boxes.flatMap((box, index) => box.map(({ rgb }) => [rgb, index] as const)),
  )
  const indices = Uint8Array.from(picture.pixels, rgb => indexOf.get(rgb) ?? 0)
  const smaller = encodePng(picture, boxes.map(meanOf), indices)
  await writeFile(file, smaller)
  return smaller.length
}

/** Cuts the box of colours that spreads widest, weighed by its pixels, until there are enough. */
function medianCut(colours: readonly Colour[]): Colour[][] {
  const boxes = [{ colours: [...colours], ...spreadOf(colours) }]
  while (boxes.length < mostColours) {
    const widest = boxes.reduce((a, b) => (b.weight > a.weight ? b : a))
    if (widest.weight === 0) break
    const sorted = widest.colours.toSorted(
      (a, b) => channel(a.rgb, widest.shift) - channel(b.rgb, widest.shift),
    )
    const middle = medianIndex(sorted)
    const halves = [sorted.slice(0, middle), sorted.slice(middle)]
    boxes.splice(
      boxes.indexOf(widest),
      1,
      ...halves.map(half => ({ colours: half, ...spreadOf(half) })),
    )
  }
  return boxes.map(box => box.colours)
}

function medianIndex(colours: readonly Colour[]): number {
  const half = pixelsOf(colours) / 2
  let seen = 0
  const index = colours.findIndex(({ count }) => (seen += count) >= half)
  return Math.min(Math.max(1, index), colours.length - 1)
}

/** The channel in which colours differ most, and how much that matters. */
function spreadOf(colours: readonly Colour[]): { shift: number; weight: number } {
  const spreads = [16, 8, 0].map(shift => {
    const values = colours.map(({ rgb }) => channel(rgb, shift))
    const range =
      values.reduce((a, b) => Math.max(a, b), 0) - values.reduce((a, b) => Math.min(a, b), 255)
    return { shift, weight: range * range * Math.sqrt(pixelsOf(colours)) }
  })
  return spreads.reduce((a, b) => (b.weight > a.weight ? b : a))
}

function meanOf(colours: readonly Colour[]): number {
  const pixels = pixelsOf(colours)
  const mean = (shift: number) =>
    Math.round(
      colours.reduce((sum, { rgb, count }) => sum + channel(rgb, shift) * count, 0) / pixels,
    )
  return (mean(16) << 16) | (mean(8) << 8) | mean(0)
}

function pixelsOf(colours: readonly Colour[]): number {
  return colours.reduce((sum, { count }) => sum + count, 0)
}

function channel(rgb: number, shift: number): number {
  return (rgb >> shift) & 0xff
}
