import { find, html, setText } from './dom.ts'
import { formatCount, formatRate } from './format.ts'
import type { Dot } from './places.ts'
import { verdictTitles } from './verdict.ts'

/** A dot in words, for those who do not see it. */
export function describe(dot: Dot): string {
  const rates = `sent ${formatRate(dot.sentPerSecond)}, received ${formatRate(dot.receivedPerSecond)}`
  return `${titleOf(dot)}: ${verdictTitles[dot.verdict].toLowerCase()}, ${rates}, ${formatCount(dot.connections, 'connection')}`
}

export function titleOf(dot: Dot): string {
  const country = dot.countryName ?? dot.country
  return country && country !== dot.name ? `${dot.name}, ${country}` : dot.name
}

/** The box beside the dot under the pointer or with the focus. */
export function placeTooltip() {
  const tooltip = find('#tooltip', HTMLElement)
  const title = html('strong')
  const lines = [html('span'), html('span'), html('span')]
  tooltip.append(title, ...lines)
  return {
    /** `x` and `y` are the middle of the dot in a panel that is `width` pixels wide. */
    show: (dot: Dot, at: { x: number; y: number; radius: number; width: number }) => {
      const { x, y, radius, width } = at
      setText(title, titleOf(dot))
      const texts = [
        verdictTitles[dot.verdict],
        `sent ${formatRate(dot.sentPerSecond)} · received ${formatRate(dot.receivedPerSecond)}`,
        formatCount(dot.connections, 'connection'),
      ]
      for (const [index, line] of lines.entries()) setText(line, texts[index] ?? '')
      lines[0]?.setAttribute('class', `verdict ${dot.verdict}`)
      tooltip.hidden = false
      const isHigh = y < 150
      const half = tooltip.offsetWidth / 2 + 4
      tooltip.style.left = `${Math.min(Math.max(x, half), width - half)}px`
      tooltip.style.top = `${isHigh ? y + radius : y - radius}px`
      tooltip.classList.toggle('below', isHigh)
    },
    hide: () => {
      tooltip.hidden = true
    },
  }
}
