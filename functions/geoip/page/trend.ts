import type { HistoryPoint } from '../connections/history.ts'
import { find, setAttributes, setText, svg } from './dom.ts'
import type { HistoryFeed } from './feed.ts'
import { formatRate } from './format.ts'

const width = 240
const height = 44

/** The sparkline of bytes sent and received. A gap means that nothing was counted. */
export function trendChart() {
  const chart = find('#trend', SVGSVGElement)
  const note = find('#trend-note', HTMLElement)
  const sent = svg('path', { class: 'sent' })
  const received = svg('path', { class: 'received' })
  setAttributes(chart, { viewBox: `0 0 ${width} ${height}` })
  chart.append(received, sent)

  return {
    show: ({ points, stepSeconds }: HistoryFeed, range: string) => {
      const most = points.reduce(
        (top, point) => Math.max(top, point.sentPerSecond ?? 0, point.receivedPerSecond ?? 0),
        0,
      )
      setAttributes(sent, { d: lineOf(points, most, point => point.sentPerSecond) })
      setAttributes(received, { d: lineOf(points, most, point => point.receivedPerSecond) })
      setAttributes(chart, { 'aria-label': inWords(points, range) })
      setText(note, most > 0 ? `top ${formatRate(most)}, ${stepText(stepSeconds)}` : 'no traffic')
    },
  }
}

/** An SVG path through the points that are there, broken where some are not. */
function lineOf(
  points: readonly HistoryPoint[],
  most: number,
  valueOf: (point: HistoryPoint) => number | null,
): string {
  let isDrawing = false
  const steps = points.map((point, index) => {
    const value = valueOf(point)
    if (value === null) {
      isDrawing = false
      return ''
    }
    const x = points.length > 1 ? (index / (points.length - 1)) * width : width
    const y = height - 2 - (most > 0 ? value / most : 0) * (height - 4)
    const step = `${isDrawing ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`
    isDrawing = true
    return step
  })
  return steps.join('')
}

function inWords(points: readonly HistoryPoint[], range: string): string {
  const sent = between(points.map(point => point.sentPerSecond))
  const received = between(points.map(point => point.receivedPerSecond))
  return `Traffic of the last ${range}: sent ${sent}; received ${received}`
}

function between(values: readonly (number | null)[]): string {
  const counted = values.filter(value => value !== null)
  if (counted.length === 0) return 'not counted'
  return `between ${formatRate(Math.min(...counted))} and ${formatRate(Math.max(...counted))}`
}

function stepText(seconds: number): string {
  return seconds < 120
    ? `a point each ${seconds} s`
    : `a point each ${Math.round(seconds / 60)} min`
}
