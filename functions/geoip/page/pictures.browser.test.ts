import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { writePalettePng } from '../../../ci/screenshot/palette-png.ts'
import { useBrowserPage } from '../test/browser-page.ts'
import { cluster, showcase, showcaseHistory } from '../test/showcase.ts'

const served = useBrowserPage(cluster)
const folder = join(import.meta.dirname, '../../../docs/images')
const nowMs = Date.UTC(2026, 10, 28, 12)
const mostBytes = 300_000
/** Of 255, on average: fonts and browsers differ by less, another layout by more. */
const mostDifference = 6

const pictures = {
  'page-light': { viewport: { width: 1400, height: 1000 }, colorScheme: 'light' },
  'page-dark': { viewport: { width: 1400, height: 1000 }, colorScheme: 'dark' },
  'page-narrow': { viewport: { width: 390, height: 1300 }, colorScheme: 'dark' },
} as const

test.each(Object.entries(pictures))(
  'docs/images/%s.png shows the page as it is',
  async (name, how) => {
    const state = { readAtMs: nowMs - 2_000, problem: undefined }
    served.connections = { ...showcase(), ...state }
    served.history = { ...showcaseHistory(), ...state }
    await using opened = await served.open({ ...how, nowMs })
    const { page } = opened
    await page.getByText('top 11.8 MB/s').waitFor()
    // The map is painted in the frame after the rows come.
    await page.evaluate(
      () => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))),
    )
    const now = await page.screenshot()
    const file = join(folder, `${name}.png`)
    if (process.env['PODATLAS_PICTURES'] === 'write') await writePalettePng(file, now)
    expect(statSync(file).size).toBeLessThan(mostBytes)
    await using blank = await page.context().newPage()
    const difference = await meanDifference(blank, now, readFileSync(file))
    // `npm run pictures` takes them anew.
    expect(difference).toBeLessThan(mostDifference)
  },
)

/** The mean difference of two pictures per channel, as the browser decodes them; infinite where sizes differ. */
async function meanDifference(page: Page, one: Buffer, other: Buffer): Promise<number> {
  const [a, b] = [await pixelsOf(page, one), await pixelsOf(page, other)]
  if (a.length !== b.length) return Infinity
  return a.reduce((sum, value, at) => sum + Math.abs(value - (b[at] ?? 0)), 0) / a.length
}

async function pixelsOf(page: Page, picture: Buffer): Promise<Buffer> {
  const pixels = await page.evaluate(
    async source => {
      const image = new Image()
      image.src = source
      await image.decode()
      const canvas = new OffscreenCanvas(image.width, image.height)
      const context = canvas.getContext('2d')
      context?.drawImage(image, 0, 0)
      const data = context?.getImageData(0, 0, image.width, image.height).data ?? []
      return Array.from(data, byte => byte.toString(16).padStart(2, '0')).join('')
    },
    `data:image/png;base64,${picture.toString('base64')}`,
  )
  return Buffer.from(pixels, 'hex')
}
