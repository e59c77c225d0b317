import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { useBrowserPage, tableText } from '../test/browser-page.ts'
import { naturalEarth } from '../test/natural-earth.ts'

const frankfurt = { latitude: 50.11, longitude: 8.68 }
const served = useBrowserPage(frankfurt)

/** Bytes per second of both directions. */
const places = [
  ['Berlin, Germany', 52.52, 13.405, 75_150],
  ['São Paulo, Brazil', -23.55, -46.63, 30_000],
  ['Sydney, Australia', -33.87, 151.21, 18_750],
  ['Tokyo, Japan', 35.68, 139.69, 7_500],
] as const

test('each place is a dot where it lies on Earth, its area as its bytes', async () => {
  await using opened = await served.open()
  const { page } = opened
  for (const [name, latitude, longitude, rate] of places) {
    const { x, y } = await pointOf(page, latitude, longitude)
    const radius = 24 * Math.sqrt(rate / 75_150)
    await page.mouse.move(x, y)
    expect(await page.locator('#tooltip strong').textContent()).toBe(name)
    // Diamonds are wider than circles of their area, and small dots can be had from 10 pixels.
    await page.mouse.move(x + Math.max(radius, 10) - 1, y)
    expect(await page.locator('#tooltip').isVisible()).toBe(true)
    await page.mouse.move(x + Math.max(radius, 10) + 2, y)
    expect(await page.locator('#tooltip').isVisible()).toBe(false)
    const edge = await inkAlong(page, x, y, 60)
    const half = name.startsWith('São Paulo') ? radius * Math.sqrt(Math.PI / 2) : radius
    expect(Math.abs(edge - half)).toBeLessThan(2.5)
  }
})

test('a dot has the colour of its worst verdict, and so says its name', async () => {
  await using opened = await served.open()
  const { page } = opened
  const colourAt = async (latitude: number, longitude: number) => {
    const { x, y } = await pointOf(page, latitude, longitude)
    return strongest(await pixel(page, x, y))
  }
  expect(await colourAt(-23.55, -46.63)).toBe('red')
  expect(await colourAt(35.68, 139.69)).toBe('green')
  expect(await colourAt(-33.87, 151.21)).toBe('blue')
  const names = await page.locator('#dots [role=option]').allTextContents()
  expect(names).toEqual([
    'Berlin, Germany: unknown, sent 50.1 kB/s, received 25.1 kB/s, 2 connections',
    'São Paulo, Brazil: forbidden, sent 20.0 kB/s, received 10.0 kB/s, 1 connection',
    'Sydney, Australia: unknown, sent 12.5 kB/s, received 6.25 kB/s, 1 connection',
    'Tokyo, Japan: allowed, sent 5.00 kB/s, received 2.50 kB/s, 1 connection',
  ])
})

test('arcs run from the cluster along great circles', async () => {
  await using opened = await served.open()
  const { page } = opened
  // Half way to Tokyo along the great circle from Frankfurt, by the formula for the middle of two points.
  const radians = Math.PI / 180
  const [lat1, lon1, lat2, lon2] = [50.11, 8.68, 35.68, 139.69].map(degrees => degrees * radians)
  if (lat1 === undefined || lon1 === undefined || lat2 === undefined || lon2 === undefined) return
  const bx = Math.cos(lat2) * Math.cos(lon2 - lon1)
  const by = Math.cos(lat2) * Math.sin(lon2 - lon1)
  const middle = Math.atan2(Math.sin(lat1) + Math.sin(lat2), Math.hypot(Math.cos(lat1) + bx, by))
  const across = lon1 + Math.atan2(by, Math.cos(lat1) + bx)
  const { x, y } = await pointOf(page, middle / radians, across / radians)
  const column = await Promise.all(
    Array.from({ length: 9 }, (_, step) => pixel(page, x, y - 4 + step)),
  )
  expect(column.map(strongest)).toContain('green')
})

test('wheel, drag and buttons move the map, and dots keep their size', async () => {
  await using opened = await served.open()
  const { page } = opened
  const sydney = await pointOf(page, -33.87, 151.21)
  await page.mouse.move(sydney.x, sydney.y)
  await nextFrames(page)
  const before = await inkAlong(page, sydney.x, sydney.y, 60)
  await page.mouse.wheel(0, -300)
  await nextFrames(page)
  // What is under the pointer stays there.
  expect(await page.locator('#tooltip strong').textContent()).toBe('Sydney, Australia')
  expect(Math.abs((await inkAlong(page, sydney.x, sydney.y, 60)) - before)).toBeLessThan(2)

  await page.mouse.down()
  await page.mouse.move(sydney.x - 120, sydney.y - 40, { steps: 4 })
  await page.mouse.up()
  await nextFrames(page)
  await page.mouse.move(sydney.x, sydney.y)
  expect(await page.locator('#tooltip').isVisible()).toBe(false)
  await page.mouse.move(sydney.x - 120, sydney.y - 40)
  expect(await page.locator('#tooltip strong').textContent()).toBe('Sydney, Australia')
  // A drag is no click.
  expect(new URL(page.url()).search).toBe('')

  await page.getByRole('button', { name: 'Show the whole world' }).click()
  await nextFrames(page)
  await page.mouse.move(sydney.x, sydney.y)
  expect(await page.locator('#tooltip strong').textContent()).toBe('Sydney, Australia')
  expect(await page.getByRole('button', { name: 'Show the whole world' }).isDisabled()).toBe(true)
})

test('a click shows one place alone with its details, and another one all again', async () => {
  await using opened = await served.open()
  const { page } = opened
  const { x, y } = await pointOf(page, -23.55, -46.63)
  await page.mouse.click(x, y)
  expect((await tableText(page)).map(cells => cells[1])).toEqual(['sync-0'])
  const details = page.locator('#details')
  expect(await details.locator('h2').textContent()).toBe('São Paulo, Brazil')
  expect(await details.textContent()).toContain('Forbidden by billing-stays-in-asia')
  expect(await details.textContent()).toContain('198.51.100.1 port 443')
  expect(new URL(page.url()).searchParams.get('place')).toBe('BR/São Paulo')
  await details.getByRole('button', { name: 'All places' }).click()
  expect(await tableText(page)).toHaveLength(7)
  expect(await details.isVisible()).toBe(false)
})

test('without policies nothing is coloured by verdict, and nothing speaks of it', async () => {
  served.connections = { ...served.connections, policies: [] }
  await using opened = await served.open()
  const { page } = opened
  expect(await page.getByRole('columnheader', { name: 'Verdict' }).count()).toBe(0)
  expect(await page.getByLabel('Verdict').isVisible()).toBe(false)
  expect(await page.locator('#legend').textContent()).not.toContain('Forbidden')
})

/** Where a place lies on the screen, by the witness. */
async function pointOf(page: Page, latitude: number, longitude: number) {
  const box = await page.locator('#map').boundingBox()
  if (!box) throw new Error('the map is not there')
  const scale = Math.min((box.width - 12) / 960, (box.height - 12) / 500)
  const { right, up } = naturalEarth(latitude, longitude, {
    width: 960 * scale,
    height: 500 * scale,
  })
  return { x: box.x + box.width / 2 + right, y: box.y + box.height / 2 - up }
}

type Colour = readonly [red: number, green: number, blue: number]

/** The colour that the browser painted at a point of the screen. */
async function pixel(page: Page, x: number, y: number): Promise<Colour> {
  const [red = 0, green = 0, blue = 0]: number[] = await page.evaluate(
    ([left = 0, top = 0]) => {
      const map = document.querySelector('canvas')
      const box = map?.getBoundingClientRect()
      const context = map?.getContext('2d')
      if (!box || !context) return []
      return [...context.getImageData(left - box.x, top - box.y, 1, 1).data]
    },
    [x, y],
  )
  return [red, green, blue]
}

function strongest([red, green, blue]: Colour): string {
  if (red > green && red > blue) return 'red'
  return green > blue ? 'green' : 'blue'
}

/** How far to the left of a point its colour reaches, in pixels: the radius of a dot. */
async function inkAlong(page: Page, x: number, y: number, most: number): Promise<number> {
  const colours = await Promise.all(
    Array.from({ length: most }, (_, step) => pixel(page, x - step, y)),
  )
  const last = colours.at(-1) ?? [0, 0, 0]
  return colours.findLastIndex(colour => far(colour, last) > 120)
}

function far(a: Colour, b: Colour): number {
  return a.reduce((sum, value, at) => sum + Math.abs(value - (b[at] ?? 0)), 0)
}

async function nextFrames(page: Page): Promise<void> {
  await page.evaluate(
    () => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))),
  )
}
