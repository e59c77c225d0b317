import { find, html, svg } from './dom.ts'
import { formatBytes } from './format.ts'
import { largestRadius, radiusOf } from './spots.ts'

/** Circles of a whole, a quarter and a sixteenth of the largest dot, standing in each other. */
export function showLegend(largestBytes: number): void {
  const steps = largestBytes > 0 ? [1, 4, 16].map(part => largestBytes / part) : []
  const size = largestRadius * 2 + 2
  const icon = svg('svg', { viewBox: `0 0 ${size} ${size}`, width: size, height: size })
  const labels = html('span')
  for (const bytes of steps) {
    const radius = radiusOf(bytes, largestBytes)
    icon.append(svg('circle', { cx: size / 2, cy: size - 1 - radius, r: radius }))
    labels.append(html('i', {}, formatBytes(bytes)))
  }
  find('#legend', HTMLElement).replaceChildren(...(steps.length > 0 ? [icon, labels] : []))
}
