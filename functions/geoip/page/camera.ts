import { select } from 'd3-selection'
import { zoom, zoomIdentity } from 'd3-zoom'
import type { ZoomTransform } from 'd3-zoom'
import { mapHeight, mapWidth } from './spots.ts'

export type Camera = {
  /** Pixels for one map unit. */
  readonly scale: () => number
  /** Turns map units into pixels of the canvas. */
  readonly toScreen: (x: number, y: number) => readonly [x: number, y: number]
  /** How many times nearer than the whole map; 1 shows all of it. */
  readonly nearness: () => number
  /** Fits the whole map into a canvas of this size. */
  readonly resize: (width: number, height: number) => void
  readonly zoomBy: (factor: number) => void
  readonly reset: () => void
  /** Brings a point in map units into sight, if it is not. */
  readonly reveal: (x: number, y: number) => void
}

const nearest = 16
const margin = 6
/** Beyond it a press is a drag, in pixels. */
const steadyHand = 4

/** Zoom and pan by wheel, drag, pinch and calls. `onMove` hears that the map has to be drawn anew. */
export function mapCamera(canvas: HTMLCanvasElement, onMove: () => void): Camera {
  let transform: ZoomTransform = zoomIdentity
  let [width, height] = [mapWidth, mapHeight]
  let fit = { scale: 1, left: 0, top: 0 }
  const selection = select(canvas)
  const behavior = zoom<HTMLCanvasElement, unknown>()
    .scaleExtent([1, nearest])
    .clickDistance(steadyHand)
    .on('zoom', event => {
      transform = event.transform
      onMove()
    })
  // Double clicks are two clicks on a dot here.
  selection.call(behavior).on('dblclick.zoom', null)

  const toScreen = (x: number, y: number): readonly [number, number] => [
    transform.applyX(fit.left + x * fit.scale),
    transform.applyY(fit.top + y * fit.scale),
  ]
  return {
    scale: () => fit.scale * transform.k,
    toScreen,
    nearness: () => transform.k,
    resize: (wide, high) => {
      ;[width, height] = [wide, high]
      const scale = Math.min((width - 2 * margin) / mapWidth, (height - 2 * margin) / mapHeight)
      fit = { scale, left: (width - mapWidth * scale) / 2, top: (height - mapHeight * scale) / 2 }
      const corners: [[number, number], [number, number]] = [
        [0, 0],
        [width, height],
      ]
      behavior.extent(corners).translateExtent(corners)
      onMove()
    },
    zoomBy: factor => behavior.scaleBy(selection, factor),
    reset: () => behavior.transform(selection, zoomIdentity),
    reveal: (x, y) => {
      const [left, top] = toScreen(x, y)
      const isSeen = left > margin && left < width - margin && top > margin && top < height - margin
      if (!isSeen)
        behavior.translateTo(selection, fit.left + x * fit.scale, fit.top + y * fit.scale)
    },
  }
}
