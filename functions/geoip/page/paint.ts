import type { Camera } from './camera.ts'
import type { Colours } from './colours.ts'
import type { landShapes } from './land.ts'
import { addMark, fillOpacity } from './mark.ts'
import type { Spot } from './spots.ts'
import type { NamedSpot } from './spot-names.ts'

/** All that is to be seen on the map. */
export type Scene = {
  readonly land: ReturnType<typeof landShapes>
  readonly arcs: readonly { readonly spot: Spot; readonly shape: Path2D }[]
  /** Where the arcs begin, in map units. */
  readonly home: readonly [number, number] | undefined
  /** As they are painted, one over the other. */
  readonly spots: readonly Spot[]
  readonly names: readonly NamedSpot[]
  /** Of the names, as a style sheet says it. */
  readonly font: string
  /** The key of the place that alone is looked at; empty for all. */
  readonly picked: string
  readonly hovered: Spot | undefined
  readonly focused: Spot | undefined
}

type Canvas = CanvasRenderingContext2D

const faint = 0.25

/** Paints the scene as the camera sees it. `ratio` is pixels of the device for one of the style sheet. */
export function paint(
  canvas: Canvas,
  scene: Scene,
  camera: Camera,
  colours: Colours,
  ratio: number,
): void {
  const scale = camera.scale()
  const [left, top] = camera.toScreen(0, 0)
  canvas.setTransform(1, 0, 0, 1, 0, 0)
  canvas.clearRect(0, 0, canvas.canvas.width, canvas.canvas.height)
  canvas.setTransform(ratio * scale, 0, 0, ratio * scale, ratio * left, ratio * top)
  paintLand(canvas, scene.land, colours, scale)
  paintArcs(canvas, scene, colours, scale)
  canvas.setTransform(ratio, 0, 0, ratio, 0, 0)
  if (scene.home) paintHome(canvas, camera.toScreen(...scene.home), colours)
  for (const spot of scene.spots) {
    paintSpot(canvas, spot, camera, colours, isFaint(scene, spot))
  }
  for (const spot of [scene.hovered, scene.focused, pickedSpot(scene)]) {
    if (spot) paintRing(canvas, spot, camera, spot === scene.focused ? colours.focus : colours.text)
  }
  paintNames(canvas, scene, colours)
}

function paintLand(canvas: Canvas, land: Scene['land'], colours: Colours, scale: number): void {
  canvas.lineWidth = 0.7 / scale
  canvas.fillStyle = colours.ocean
  canvas.fill(land.ocean)
  canvas.strokeStyle = colours.grid
  canvas.stroke(land.graticule)
  canvas.fillStyle = colours.land
  canvas.fill(land.land)
  canvas.strokeStyle = colours['land-edge']
  canvas.stroke(land.borders)
  canvas.strokeStyle = colours['ocean-edge']
  canvas.stroke(land.ocean)
}

function paintArcs(canvas: Canvas, scene: Scene, colours: Colours, scale: number): void {
  canvas.lineCap = 'round'
  for (const { spot, shape } of scene.arcs) {
    canvas.globalAlpha = isFaint(scene, spot) ? 0.08 : 0.45
    canvas.strokeStyle = colours[spot.dot.verdict]
    canvas.lineWidth = (0.8 + spot.radius / 12) / scale
    canvas.stroke(shape)
  }
  canvas.globalAlpha = 1
}

function paintHome(canvas: Canvas, [x, y]: readonly [number, number], colours: Colours): void {
  canvas.beginPath()
  canvas.rect(x - 4.5, y - 4.5, 9, 9)
  canvas.fillStyle = colours.text
  canvas.fill()
  canvas.lineWidth = 1.5
  canvas.strokeStyle = colours.panel
  canvas.stroke()
}

function paintSpot(
  canvas: Canvas,
  { dot, x, y, radius }: Spot,
  camera: Camera,
  colours: Colours,
  isHidden: boolean,
): void {
  const strength = isHidden ? faint : 1
  canvas.beginPath()
  addMark(canvas, dot.verdict, ...camera.toScreen(x, y), radius)
  canvas.fillStyle = colours[dot.verdict]
  canvas.globalAlpha = fillOpacity[dot.verdict] * strength
  canvas.fill()
  canvas.globalAlpha = strength
  canvas.lineWidth = 1.4
  canvas.strokeStyle = colours[dot.verdict]
  canvas.stroke()
  canvas.globalAlpha = 1
}

function paintRing(canvas: Canvas, { dot, x, y, radius }: Spot, camera: Camera, colour: string) {
  canvas.beginPath()
  addMark(canvas, dot.verdict, ...camera.toScreen(x, y), radius + 4)
  canvas.lineWidth = 2.5
  canvas.strokeStyle = colour
  canvas.stroke()
}

function paintNames(canvas: Canvas, { names, font }: Scene, colours: Colours): void {
  canvas.font = font
  canvas.textBaseline = 'middle'
  canvas.lineJoin = 'round'
  canvas.lineWidth = 3.5
  canvas.strokeStyle = colours.ocean
  canvas.fillStyle = colours.text
  for (const { text, x, y, align } of names) {
    canvas.textAlign = align
    canvas.strokeText(text, x, y)
    canvas.fillText(text, x, y)
  }
}

function pickedSpot({ spots, picked }: Scene): Spot | undefined {
  return spots.find(({ dot }) => dot.key === picked)
}

function isFaint({ picked }: Scene, { dot }: Spot): boolean {
  return picked !== '' && dot.key !== picked
}
