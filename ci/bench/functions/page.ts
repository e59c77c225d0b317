import type { Page } from 'playwright-core'
import { servePage } from '../../../functions/geoip/test/page-server.ts'
import { cluster, showcase, showcaseHistory } from '../../../functions/geoip/test/showcase.ts'
import { openChromium } from '../../screenshot/chromium.ts'
import type { Bench } from '../result.ts'
import { spreadOf } from '../spread.ts'

const dots = 2_000

/**
 * Frames a second of the page in Chromium without a GPU while a pointer drags and zooms the map, with 2,000
 * places and 150 arcs. The baseline has the same gestures over a map without a dot, in turns.
 */
export const benchPage: Bench = async ({ isSmall, print }) => {
  const rounds = isSmall ? 1 : 6
  await using browser = await openChromium()
  await using full = await serveDots(dots)
  await using empty = await serveDots(0)
  const fullRates: number[] = []
  const emptyRates: number[] = []
  const turns = [
    [full, fullRates],
    [empty, emptyRates],
  ] as const
  for (let round = 0; round < rounds; round++) {
    for (const [{ url }, rates] of turns) {
      await using page = await browser.newPage({ viewport: { width: 1400, height: 900 } })
      await page.goto(url)
      await page.locator('#freshness:text("Updated")').waitFor()
      rates.push(await framesPerSecond(page, isSmall ? 10 : 60))
    }
  }
  const spread = spreadOf(fullRates)
  print({
    bench: 'page',
    metric: `frames a second, ${dots.toLocaleString('en')} dots pan and zoom`,
    unit: '/s',
    measured: spread.median,
    goal: { atLeast: 30 },
    limit: 'the same gestures without a dot',
    spread,
    details: { dots, rounds, withoutDots: spreadOf(emptyRates) },
  })
}

/** Places all over the Earth, a fixed pattern. */
async function serveDots(count: number) {
  const { rows, ...rest } = showcase()
  const many = rows.flatMap(row =>
    Array.from({ length: Math.ceil(count / rows.length) }, () => row),
  )
  const placed = many.slice(0, count).map((row, index) => ({
    ...row,
    city: `Place ${index}`,
    address: `198.18.${index >> 8}.${index & 255}`,
    latitude: -55 + ((index * 7_919) % 12_500) / 100,
    longitude: -170 + ((index * 104_729) % 34_000) / 100,
    sentPerSecond: 1e6 / (1 + index),
  }))
  return servePage({
    connections: () => ({ ...rest, rows: placed, ...asOfNow() }),
    history: () => ({ ...showcaseHistory(), ...asOfNow() }),
    cluster,
  })
}

function asOfNow() {
  return { readAtMs: Date.now(), problem: undefined }
}

/** Drags and zooms without a pause, and counts the frames that the browser shows meanwhile. */
async function framesPerSecond(page: Page, steps: number): Promise<number> {
  await page.evaluate(() => {
    const count = () => {
      document.body.dataset['frames'] = String(Number(document.body.dataset['frames'] ?? 0) + 1)
      requestAnimationFrame(count)
    }
    requestAnimationFrame(count)
  })
  const frames = () => page.evaluate(() => Number(document.body.dataset['frames'] ?? 0))
  await page.mouse.move(500, 450)
  const [before, startMs] = [await frames(), performance.now()]
  for (let step = 0; step < steps; step++) {
    await page.mouse.wheel(0, step % 20 < 10 ? -40 : 40)
    await page.mouse.down()
    await page.mouse.move(500 + (step % 12) * 12, 450 + (step % 7) * 8, { steps: 4 })
    await page.mouse.up()
    await page.mouse.move(500, 450)
  }
  return ((await frames()) - before) / ((performance.now() - startMs) / 1_000)
}
