import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { serve } from '@hono/node-server'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openChromium } from '../../../ci/screenshot/chromium.ts'
import { geoipApp } from '../app.ts'
import type { Snapshot } from '../answer-cache.ts'
import type { ConnectionRows } from '../connections.ts'
import { loadAssets } from '../page-assets.ts'
import { demoParts } from '../test/demo.ts'
import { rows } from '../test/rows.ts'

const stack = new AsyncDisposableStack()
let snapshot: Snapshot<ConnectionRows>
let url = ''
let chromium: Browser

/** What a page asked for beyond this server, and what its policy refused: nothing, in each test. */
let trespasses: string[] = []

beforeAll(async () => {
  chromium = stack.use(await openChromium())
  const assets = await loadAssets(join(import.meta.dirname, 'not-built'))
  const app = geoipApp(demoParts({ connections: async () => snapshot, assets }))
  const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  stack.defer(() => {
    server.close()
    if ('closeAllConnections' in server) server.closeAllConnections()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  url = `http://127.0.0.1:${address.port}/`
})

afterAll(() => stack.disposeAsync())

beforeEach(() => {
  snapshot = { rows, truncated: 0, policies: [], readAtMs: Date.now(), problem: undefined }
  trespasses = []
})

test('each place is a dot where it lies on Earth, its area as its bytes', async () => {
  await using opened = await openPage()
  const { page } = opened
  const map = await page.locator('#map').boundingBox()
  if (!map) throw new Error('the map is not there')
  const scale = Math.min(map.width / 960, map.height / 500)
  const dots = page.locator('.dot')
  expect(await dots.count()).toBe(4)

  const expected = [
    ['Berlin, Germany', 52.52, 13.405, 3_000_000],
    ['São Paulo, Brazil', -23.55, -46.63, 1_200_000],
    ['Tokyo, Japan', 35.68, 139.69, 300_000],
    ['Sydney, Australia', -33.87, 151.21, 750_000],
  ] as const
  for (const [name, latitude, longitude, bytes] of expected) {
    const core = page.getByRole('option', { name: `${name}:` }).locator('.core')
    const box = await core.boundingBox()
    if (!box) throw new Error(`${name} is not on the map`)
    const [x, y] = naturalEarth(latitude, longitude)
    const middle = { x: map.x + map.width / 2, y: map.y + map.height / 2 }
    expect(Math.abs(box.x + box.width / 2 - (middle.x + x * scale))).toBeLessThan(1.5)
    expect(Math.abs(box.y + box.height / 2 - (middle.y - y * scale))).toBeLessThan(1.5)
    const radius = Number(await core.getAttribute('r'))
    expect(radius ** 2 / 24 ** 2).toBeCloseTo(bytes / 3_000_000, 2)
  }
})

test('the table has the rows of the API, as the map has', async () => {
  await using opened = await openPage()
  const { page } = opened
  const shown = await tableText(page)
  const inInternet = rows.filter(row => row.isPublic)
  expect(shown).toHaveLength(inInternet.length)
  for (const row of inInternet) {
    const line = shown.find(
      cells => cells[6]?.split(' ')[0] === row.address && cells[1] === (row.pod ?? '–'),
    )
    expect(line?.slice(0, 5)).toEqual(
      [row.namespace, row.pod, row.container, row.node, row.role].map(value => value ?? '–'),
    )
  }
  expect(shown[0]?.join(' | ')).toBe(
    'shop | checkout-0 | app | node-1 | client | Berlin, Germany | 192.0.2.1 | 443 | 50.0 kB/s | 25.0 kB/s | 1.00 MB | 1.50 MB',
  )
  await page.getByText('All', { exact: true }).click()
  expect(await tableText(page)).toHaveLength(rows.length)
  expect(await page.locator('#sum-countries').textContent()).toBe('4')
})

test('a filter narrows map and table, stands in the address and survives a reload', async () => {
  await using opened = await openPage()
  const { page } = opened
  await page.getByLabel('Namespace').selectOption('billing')
  expect((await tableText(page)).map(cells => cells[0])).toEqual(['billing', 'billing'])
  expect(await page.locator('.dot').count()).toBe(2)
  expect(new URL(page.url()).search).toBe('?namespace=billing')
  await page.getByLabel('Pod').selectOption('sync-0')
  await page.reload()
  await page.locator('.dot').first().waitFor()
  expect((await tableText(page)).map(cells => cells[1])).toEqual(['sync-0'])
  expect(await page.getByLabel('Pod').inputValue()).toBe('sync-0')
  await page.getByRole('button', { name: 'Clear filters' }).click()
  expect(await page.locator('.dot').count()).toBe(4)
  expect(new URL(page.url()).search).toBe('')
})

test('processes of the host are found by the filter for what has no namespace', async () => {
  await using opened = await openPage()
  await opened.page.getByLabel('Namespace').selectOption({ label: '(none)' })
  expect((await tableText(opened.page)).map(cells => cells[2])).toEqual(['ssh.service'])
})

test('a header sorts by its column and says so', async () => {
  await using opened = await openPage()
  const { page } = opened
  const header = page.getByRole('columnheader', { name: 'Received', exact: true })
  await header.getByRole('button').click()
  expect(await header.getAttribute('aria-sort')).toBe('descending')
  const addresses = (await tableText(page)).map(cells => cells[6])
  expect(addresses[0]).toBe('192.0.2.1')
  await header.getByRole('button').click()
  expect(await header.getAttribute('aria-sort')).toBe('ascending')
  expect((await tableText(page)).map(cells => cells[6]).at(-1)).toBe(addresses[0])
})

test('news come by themselves, and focus and scrolling stay where they are', async () => {
  await using opened = await openPage({ viewport: { width: 1400, height: 500 } })
  const { page } = opened
  const berlin = page.getByRole('option', { name: 'Berlin' })
  await berlin.focus()
  await page.evaluate(() => window.scrollTo(0, 180))
  snapshot = {
    ...snapshot,
    rows: rows.map(row => ({ ...row, bytesSent: row.city === 'Tokyo' ? 9e9 : row.bytesSent })),
  }
  await page.getByRole('cell', { name: '9.00 GB' }).waitFor({ timeout: 15_000 })
  // Tokyo is the largest now, so the dots changed their order under the focus.
  expect(await page.locator('.dot').first().getAttribute('aria-label')).toMatch(/^Tokyo/)
  expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toMatch(
    /^Berlin/,
  )
  expect(await page.evaluate(() => window.scrollY)).toBe(180)
})

test('when Prometheus is down the last rows stay, with the reason and their age', async () => {
  snapshot = {
    ...snapshot,
    readAtMs: Date.now() - 125_000,
    problem: 'Prometheus at http://prometheus:9090 cannot be reached',
  }
  await using opened = await openPage()
  const { page } = opened
  expect(await page.getByRole('alert').textContent()).toBe(snapshot.problem)
  expect(await page.locator('#freshness').textContent()).toBe('Updated 2 min ago')
  expect(await page.locator('#freshness').getAttribute('class')).toContain('old')
  expect(await page.locator('.dot').count()).toBe(4)
})

test('an empty answer, or one of private addresses only, is explained', async () => {
  snapshot = { ...snapshot, rows: rows.filter(row => !row.isPublic) }
  await using opened = await openPage()
  const { page } = opened
  await page.getByText('None of the connections leaves private networks').waitFor()
  await page.getByText('All', { exact: true }).click()
  expect(await tableText(page)).toHaveLength(1)
})

test('the keyboard alone reaches the table and every dot', async () => {
  await using opened = await openPage()
  const { page } = opened
  const { keyboard } = page
  await keyboard.press('Tab')
  const skip = page.getByRole('link', { name: 'Skip to the table' })
  expect(await skip.evaluate(link => link.getBoundingClientRect().top)).toBeGreaterThan(0)
  const isOnMap = () => page.evaluate(() => document.activeElement?.closest('#map') !== null)
  for (let tabs = 0; tabs < 20 && !(await isOnMap()); tabs++) await keyboard.press('Tab')
  expect(await isOnMap()).toBe(true)
  await keyboard.press('ArrowRight')
  await keyboard.press('End')
  const label = () =>
    page.evaluate(() => document.activeElement?.getAttribute('aria-label')?.split(':')[0])
  expect(await label()).toBe('Tokyo, Japan')
  expect(await page.locator('#tooltip').isVisible()).toBe(true)
  await keyboard.press('Enter')
  expect((await tableText(page)).map(cells => cells[5])).toEqual(['Tokyo, Japan'])
  expect(new URL(page.url()).searchParams.get('place')).toBe('JP/Tokyo')
  expect(await label()).toBe('Tokyo, Japan')
  await keyboard.press('Escape')
  expect(await tableText(page)).toHaveLength(rows.filter(row => row.isPublic).length)
})

test.each(['light', 'dark'] as const)('in %s colours nothing offends axe', async colorScheme => {
  await using opened = await openPage({ colorScheme })
  const { page } = opened
  const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  const [red = 0] = (/\d+/.exec(ground) ?? []).map(Number)
  expect(red < 128).toBe(colorScheme === 'dark')
  expect(await axeViolations(page)).toEqual([])
  await page.getByRole('option', { name: 'Berlin' }).press('Enter')
  expect(await axeViolations(page)).toEqual([])
})

test('on a narrow screen nothing but the table scrolls sideways', async () => {
  await using opened = await openPage({ viewport: { width: 390, height: 800 } })
  const { page } = opened
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  )
  expect(overflow).toBe(0)
  expect(await axeViolations(page)).toEqual([])
})

test('the policy of the page stops foreign requests and scripts that were slipped in', async () => {
  await using opened = await openPage()
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
  expect(trespasses.filter(text => text.includes('Content Security Policy'))).not.toEqual([])
  trespasses = []
})

test('the databases are credited with a link', async () => {
  await using opened = await openPage()
  const link = opened.page.getByRole('link', { name: 'db-ip.com' })
  expect(await link.getAttribute('href')).toBe('https://db-ip.com')
})

/** Opens the page and waits for its first rows; closing it looks for trespasses. */
async function openPage(
  options: BrowserContextOptions = {},
): Promise<AsyncDisposable & { page: Page }> {
  const context = await chromium.newContext({ viewport: { width: 1400, height: 900 }, ...options })
  const page = await context.newPage()
  page.on('request', request => {
    if (!request.url().startsWith(url)) trespasses.push(`asked for ${request.url()}`)
  })
  page.on('console', message => {
    if (message.type() === 'error') trespasses.push(message.text())
  })
  page.on('pageerror', error => trespasses.push(error.message))
  await page.goto(url)
  await page.locator('#freshness:text("Updated")').waitFor()
  return {
    page,
    [Symbol.asyncDispose]: async () => {
      await context.close()
      expect(trespasses).toEqual([])
    },
  }
}

function tableText(page: Page): Promise<string[][]> {
  return page.evaluate(() =>
    Array.from(document.querySelectorAll('tbody tr'), row =>
      Array.from(row.children, cell => cell.textContent ?? ''),
    ),
  )
}

async function axeViolations(page: Page): Promise<string[]> {
  const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
  await page.evaluate(axe)
  const violations: { id: string; nodes: { html: string }[] }[] = await page.evaluate(
    'axe.run().then(results => results.violations)',
  )
  return violations.flatMap(({ id, nodes }) => nodes.map(node => `${id}: ${node.html}`))
}

/**
 * The projection as its authors published it (Šavrič and others, 2011), in the units of the map:
 * the witness for where the page puts its dots.
 */
function naturalEarth(latitude: number, longitude: number): [x: number, y: number] {
  const phi = (latitude * Math.PI) / 180
  const p2 = phi * phi
  const p4 = p2 * p2
  const width = 0.8707 - 0.131979 * p2 + p4 * (-0.013791 + p4 * (0.003971 * p2 - 0.001529 * p4))
  const scale = Math.min(952 / (2 * 0.8707 * Math.PI), 492 / (2 * naturalEarthHeight(Math.PI / 2)))
  return [((longitude * Math.PI) / 180) * width * scale, naturalEarthHeight(phi) * scale]
}

function naturalEarthHeight(phi: number): number {
  const p2 = phi * phi
  const p4 = p2 * p2
  return phi * (1.007226 + p2 * (0.015085 + p4 * (-0.044475 + 0.028874 * p2 - 0.005916 * p4)))
}
