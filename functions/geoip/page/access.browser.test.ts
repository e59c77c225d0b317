import { expect, test } from 'vitest'
import { axeViolations, tableText, useBrowserPage } from '../test/browser-page.ts'

const served = useBrowserPage({ latitude: 50.11, longitude: 8.68 })

test('the keyboard alone reaches the table and every dot', async () => {
  await using opened = await served.open()
  const { page } = opened
  const { keyboard } = page
  await keyboard.press('Tab')
  const skip = page.getByRole('link', { name: 'Skip to the table' })
  expect(await skip.evaluate(link => link.getBoundingClientRect().top)).toBeGreaterThan(0)
  const isOnMap = () => page.evaluate(() => document.activeElement?.id === 'dots')
  for (let tabs = 0; tabs < 30 && !(await isOnMap()); tabs++) await keyboard.press('Tab')
  expect(await isOnMap()).toBe(true)
  const active = () =>
    page.evaluate(() => {
      const id = document.activeElement?.getAttribute('aria-activedescendant') ?? ''
      return document.getElementById(id)?.textContent?.split(':')[0]
    })
  expect(await active()).toBe('Berlin, Germany')
  await keyboard.press('ArrowRight')
  await keyboard.press('End')
  expect(await active()).toBe('Tokyo, Japan')
  expect(await page.locator('#tooltip strong').textContent()).toBe('Tokyo, Japan')
  await keyboard.press('+')
  await keyboard.press('+')
  await keyboard.press('Home')
  await keyboard.press('End')
  // The map moves so that the active dot is in sight.
  const box = await page.locator('#tooltip').boundingBox()
  const map = await page.locator('#map').boundingBox()
  expect(box && map && box.x > map.x && box.x + box.width < map.x + map.width).toBe(true)
  await keyboard.press('Enter')
  expect((await tableText(page)).map(cells => cells[6])).toEqual(['Tokyo, Japan'])
  expect(await page.locator('[role=option][aria-selected=true]').textContent()).toMatch(/^Tokyo/)
  expect(await isOnMap()).toBe(true)
  await keyboard.press('Escape')
  expect(await tableText(page)).toHaveLength(7)
})

test.each(['light', 'dark'] as const)('in %s colours nothing offends axe', async colorScheme => {
  await using opened = await served.open({ colorScheme })
  const { page } = opened
  expect((await groundOf(page)) < 128).toBe(colorScheme === 'dark')
  expect(await axeViolations(page)).toEqual([])
  await page.locator('#dots').press('Enter')
  expect(await page.locator('#details').isVisible()).toBe(true)
  expect(await axeViolations(page)).toEqual([])
})

test('the colours can be chosen, the map included, and stay chosen', async () => {
  await using opened = await served.open({ colorScheme: 'light' })
  const { page } = opened
  const seaOf = () =>
    page.evaluate(() => {
      const canvas = document.querySelector('canvas')
      const { data } = canvas
        ?.getContext('2d')
        ?.getImageData(canvas.width / 2, canvas.height - 14, 1, 1) ?? { data: [0] }
      return data[0] ?? 0
    })
  const inLight = await seaOf()
  await page.getByRole('button', { name: 'System colours' }).click()
  await page.getByRole('button', { name: 'Light colours' }).click()
  expect(await page.getByRole('button', { name: 'Dark colours' }).count()).toBe(1)
  await page.evaluate(
    () => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))),
  )
  expect(await groundOf(page)).toBeLessThan(128)
  expect(await seaOf()).toBeLessThan(inLight - 80)
  await page.reload()
  await page.locator('tbody tr').first().waitFor()
  expect(await groundOf(page)).toBeLessThan(128)
})

test('on a narrow screen nothing but the table scrolls sideways', async () => {
  await using opened = await served.open({ viewport: { width: 390, height: 800 } })
  const { page } = opened
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  )
  expect(overflow).toBe(0)
  expect(await axeViolations(page)).toEqual([])
})

test('the policy of the page stops foreign requests and scripts that were slipped in', async () => {
  await using opened = await served.open()
  const { page } = opened
  const reached = await page.evaluate(async () => {
    const script = document.createElement('script')
    script.append('document.title = "slipped in"')
    document.body.append(script)
    return fetch('http://127.0.0.1:1/').then(
      () => 'reached',
      () => 'refused',
    )
  })
  expect([reached, await page.title()]).toEqual(['refused', 'podatlas'])
  expect(served.trespasses.filter(text => text.includes('Content Security Policy'))).not.toEqual([])
  served.trespasses = []
})

async function groundOf(page: Awaited<ReturnType<typeof served.open>>['page']): Promise<number> {
  const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  return Number(/\d+/.exec(ground)?.[0])
}
