import { expect, test } from 'vitest'
import { tableText, useBrowserPage } from '../test/browser-page.ts'
import { rows } from '../test/rows.ts'

const served = useBrowserPage()

test('news come by themselves, and focus and scrolling stay where they are', async () => {
  await using opened = await served.open({ viewport: { width: 1400, height: 500 } })
  const { page } = opened
  await page.locator('#dots').focus()
  await page.evaluate(() => window.scrollTo(0, 180))
  served.connections = {
    ...served.connections,
    rows: rows.map(row => ({
      ...row,
      sentPerSecond: row.city === 'Tokyo' ? 9e9 : row.sentPerSecond,
    })),
  }
  await page.getByRole('cell', { name: '9.00 GB/s' }).waitFor({ timeout: 15_000 })
  // Tokyo is the largest now, so the dots changed their order under the focus.
  expect(await page.getByRole('option', { name: 'connection' }).first().textContent()).toMatch(
    /^Tokyo/,
  )
  const active = await page.locator('#dots').getAttribute('aria-activedescendant')
  expect(await page.locator(`#${active}`).textContent()).toMatch(/^Berlin/)
  expect(await page.evaluate(() => [document.activeElement?.id, window.scrollY])).toEqual([
    'dots',
    180,
  ])
})

test('when Prometheus is down the last rows stay, with the reason and their age', async () => {
  const problem = 'Prometheus at http://prometheus:9090 cannot be reached'
  served.connections = { ...served.connections, readAtMs: Date.now() - 125_000, problem }
  await using opened = await served.open()
  const { page } = opened
  expect(await page.getByRole('alert').textContent()).toBe(problem)
  expect(await page.locator('#freshness').textContent()).toBe('Updated 2 min ago')
  expect(await page.locator('#freshness').getAttribute('class')).toContain('old')
  expect(await tableText(page)).toHaveLength(7)
})

test('when geoip itself is gone the page says so, and recovers by itself', async () => {
  await using opened = await served.open()
  const { page } = opened
  await page.route('**/api/connections*', route => route.fulfill({ status: 503, body: '' }))
  await page.getByRole('radio', { name: '1 h' }).check()
  await page
    .getByRole('alert')
    .filter({ hasText: 'geoip does not answer: HTTP status 503' })
    .waitFor()
  expect(await tableText(page)).toHaveLength(7)
  await page.unroute('**/api/connections*')
  await page.getByRole('alert').waitFor({ state: 'hidden', timeout: 15_000 })
  // The browser tells of the status, and so it should.
  expect(served.trespasses.filter(text => !text.includes('503'))).toEqual([])
  served.trespasses = []
})

test('an empty answer, none yet, or one of private addresses only, is explained', async () => {
  served.connections = { ...served.connections, rows: rows.filter(row => !row.isPublic) }
  await using opened = await served.open()
  const { page } = opened
  await page.getByText('None of the connections leaves private networks').waitFor()
  await page.getByRole('radio', { name: 'All' }).check()
  expect(await tableText(page)).toHaveLength(1)
  served.connections = { ...served.connections, rows: [] }
  await page.getByRole('radio', { name: '1 h' }).check()
  await page.getByText('No connections in this time range').waitFor()
  served.connections = { ...served.connections, readAtMs: undefined }
  await page.getByRole('radio', { name: '6 h' }).check()
  await page.getByText('Prometheus has not answered yet.').waitFor()
  expect(await page.locator('#freshness').textContent()).toBe('No data yet')
})

test('the databases are credited with a link', async () => {
  await using opened = await served.open()
  const link = opened.page.getByRole('link', { name: 'db-ip.com' })
  expect(await link.getAttribute('href')).toBe('https://db-ip.com')
})
