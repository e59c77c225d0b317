import { find, html, svg } from './dom.ts'
import { formatBytes } from './format.ts'
import { largestRadius, radiusOf } from './spots.ts'
import { verdicts, verdictTitles } from './verdict.ts'

/** Sizes of dots and what their colours say; without policies, colours say nothing. */
export function showLegend(largestPerSecond: number, hasPolicies: boolean): void {
  const parts = [
    ...(hasPolicies ? [verdictLegend()] : []),
    ...(largestPerSecond > 0 ? [sizeLegend(largestPerSecond)] : []),
  ]
  find('#legend', HTMLElement).replaceChildren(...parts)
}

function verdictLegend(): HTMLElement {
  const lines = verdicts.map(verdict =>
    html('li', { class: `verdict ${verdict}` }, verdictTitles[verdict]),
  )
  return html('ul', {}, ...lines)
}

/** Circles of a whole, a quarter and a sixteenth of the largest dot, standing in each other. */
function sizeLegend(largest: number): HTMLElement {
  const size = largestRadius * 2 + 2
  const icon = svg('svg', { viewBox: `0 0 ${size} ${size}`, width: size, height: size })
  const labels = html('span')
  for (const part of [1, 4, 16]) {
    const radius = radiusOf(largest / part, largest)
    icon.append(svg('circle', { cx: size / 2, cy: size - 1 - radius, r: radius }))
    labels.append(html('i', {}, `${formatBytes(largest / part)}/s`))
  }
  return html('div', { class: 'sizes' }, icon, labels)
}
