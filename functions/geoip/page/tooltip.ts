import { find, html, setText } from './dom.ts'
import { formatBytes, formatCount, formatRate } from './format.ts'
import type { Dot } from './places.ts'
import type { Spot } from './spots.ts'

/** A dot in words, for those who do not see it. */
export function describe(dot: Dot): string {
  const bytes = `sent ${formatBytes(dot.bytesSent)}, received ${formatBytes(dot.bytesReceived)}`
  return `${titleOf(dot)}: ${bytes}, ${formatCount(dot.connections, 'connection')}`
}

/** The box beside the dot under the pointer or with the focus; `map` is what the dots lie in. */
export function placeTooltip(map: SVGSVGElement) {
  const tooltip = find('#tooltip', HTMLElement)
  const title = html('strong')
  const sent = html('span')
  const received = html('span')
  const connections = html('span')
  tooltip.append(title, sent, received, connections)
  return {
    show: ({ dot, x, y, radius }: Spot) => {
      setText(title, titleOf(dot))
      setText(sent, `sent ${formatBytes(dot.bytesSent)} · ${formatRate(dot.sentPerSecond)}`)
      const rate = formatRate(dot.receivedPerSecond)
      setText(received, `received ${formatBytes(dot.bytesReceived)} · ${rate}`)
      setText(connections, formatCount(dot.connections, 'connection'))
      const toScreen = map.getScreenCTM()
      const panel = map.parentElement?.getBoundingClientRect()
      if (!toScreen || !panel) return
      const isHigh = y < 140
      const edge = new DOMPoint(x, isHigh ? y + radius : y - radius).matrixTransform(toScreen)
      tooltip.hidden = false
      const half = tooltip.offsetWidth / 2 + 4
      const left = Math.min(Math.max(edge.x - panel.left, half), panel.width - half)
      tooltip.style.left = `${left}px`
      tooltip.style.top = `${edge.y - panel.top}px`
      tooltip.classList.toggle('below', isHigh)
    },
    hide: () => {
      tooltip.hidden = true
    },
  }
}

function titleOf(dot: Dot): string {
  const country = dot.countryName ?? dot.country
  return country && country !== dot.name ? `${dot.name}, ${country}` : dot.name
}
