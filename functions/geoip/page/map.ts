import { arcsOf, homeOf } from './arcs.ts'
import { mapCamera } from './camera.ts'
import { placeChoices } from './choices.ts'
import { followColours } from './colours.ts'
import { find } from './dom.ts'
import type { Feed } from './feed.ts'
import { landShapes, projection } from './land.ts'
import { showLegend } from './legend.ts'
import { paint } from './paint.ts'
import type { Scene } from './paint.ts'
import type { Dot } from './places.ts'
import { namesOf } from './spot-names.ts'
import { largestOf, ordersOf, spotAt, spotsOf } from './spots.ts'
import type { Spot } from './spots.ts'
import { placeTooltip } from './tooltip.ts'
import type { View } from './view.ts'

export type WorldMap = {
  /** `dots` come largest first, so that small ones are painted over them. */
  readonly show: (dots: readonly Dot[], view: View, feed: Feed) => void
}

const zoomStep = 1.6

/** The map of the page. `onPick` hears the key of the place that was clicked or chosen by key. */
export function worldMap(onPick: (key: string) => void): WorldMap {
  const canvas = find('#map', HTMLCanvasElement)
  const context = canvas.getContext('2d')
  if (!context) throw new Error('this browser has no canvas')
  const tooltip = placeTooltip()
  const camera = mapCamera(canvas, repaint)
  const colours = followColours(canvas, repaint)
  const choices = placeChoices({ move: focus, pick: onPick, key: zoomByKey })
  let scene: Scene = {
    land: landShapes(),
    arcs: [],
    home: undefined,
    spots: [],
    names: [],
    font: `12px ${getComputedStyle(canvas).fontFamily}`,
    picked: '',
    hovered: undefined,
    focused: undefined,
  }
  let named: readonly Spot[] = []
  let size = { width: 0, height: 0 }
  let isPlanned = false

  new ResizeObserver(fitCanvas).observe(canvas)
  canvas.addEventListener('pointermove', event => hover([event.offsetX, event.offsetY]))
  canvas.addEventListener('pointerleave', () => hover(undefined))
  canvas.addEventListener('click', event => {
    const spot = spotAt(scene.spots, camera.toScreen, [event.offsetX, event.offsetY])
    if (spot) onPick(spot.dot.key)
  })
  find('#zoom-in', HTMLButtonElement).addEventListener('click', () => camera.zoomBy(zoomStep))
  find('#zoom-out', HTMLButtonElement).addEventListener('click', () => camera.zoomBy(1 / zoomStep))
  const zoomAll = find('#zoom-all', HTMLButtonElement)
  zoomAll.addEventListener('click', camera.reset)

  return {
    show: (dots, view, { cluster, policies }) => {
      const spots = spotsOf(dots, view.measure, projection)
      const again = (old: Scene['hovered']) => spots.find(({ dot }) => dot.key === old?.dot.key)
      const orders = ordersOf(spots)
      named = orders.named
      scene = {
        ...scene,
        spots: orders.painted,
        arcs: arcsOf(spots, cluster),
        home: homeOf(cluster),
        picked: view.place,
        hovered: again(scene.hovered),
        focused: again(scene.focused),
      }
      choices.show(spots, view.place)
      showLegend(largestOf(dots, view.measure), policies.length > 0)
      showTooltip()
      repaint()
    },
  }

  /** Once a frame, however much has changed. */
  function repaint(): void {
    if (isPlanned) return
    isPlanned = true
    requestAnimationFrame(() => {
      isPlanned = false
      scene = { ...scene, names: namesOf(named, camera.toScreen, size) }
      if (context) paint(context, scene, camera, colours(), devicePixelRatio)
      zoomAll.disabled = camera.nearness() === 1
    })
  }

  function fitCanvas(): void {
    size = { width: canvas.clientWidth, height: canvas.clientHeight }
    canvas.width = Math.round(size.width * devicePixelRatio)
    canvas.height = Math.round(size.height * devicePixelRatio)
    camera.resize(size.width, size.height)
  }

  function hover(point: readonly [number, number] | undefined): void {
    const hovered = point && spotAt(scene.spots, camera.toScreen, point)
    if (hovered === scene.hovered) return
    scene = { ...scene, hovered }
    canvas.classList.toggle('on-dot', hovered !== undefined)
    showTooltip()
    repaint()
  }

  function focus(key: string | undefined): void {
    const focused = scene.spots.find(({ dot }) => dot.key === key)
    scene = { ...scene, focused }
    if (focused) camera.reveal(focused.x, focused.y)
    showTooltip()
    repaint()
  }

  function showTooltip(): void {
    const spot = scene.hovered ?? scene.focused
    if (!spot) return tooltip.hide()
    const [x, y] = camera.toScreen(spot.x, spot.y)
    tooltip.show(spot.dot, { x, y, radius: spot.radius, width: size.width })
  }

  function zoomByKey(key: string): boolean {
    if (key === '+' || key === '=') camera.zoomBy(zoomStep)
    else if (key === '-') camera.zoomBy(1 / zoomStep)
    else if (key === '0') camera.reset()
    else return false
    return true
  }
}
