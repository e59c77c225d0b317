import { expect, test } from 'vitest'
import { tableText, useBrowserPage } from '../test/browser-page.ts'

const served = useBrowserPage()

test('a filter narrows map and table, stands in the address and survives a reload', async () => {
  await using opened = await served.open()
  const { page } = opened
  await page.getByLabel('Namespace').selectOption('billing')
  expect((await tableText(page)).map(cells => cells[0])).toEqual(['billing', 'billing'])
  expect(await page.getByRole('option', { name: 'connection' }).count()).toBe(2)
  expect(new URL(page.url()).search).toBe('?namespace=billing')
  expect(await page.getByRole('status').textContent()).toBe('2 connections shown')
  await page.getByLabel('Pod').selectOption('sync-0')
  await page.reload()
  await page.locator('tbody tr').first().waitFor()
  expect((await tableText(page)).map(cells => cells[1])).toEqual(['sync-0'])
  expect(await page.getByLabel('Pod').inputValue()).toBe('sync-0')
  await page.getByRole('button', { name: 'Clear filters' }).click()
  expect(await tableText(page)).toHaveLength(7)
  expect(new URL(page.url()).search).toBe('')
})

test('the back button undoes a choice, and the next one does it again', async () => {
  await using opened = await served.open()
  const { page } = opened
  await page.getByLabel('Country').selectOption('JP')
  await page.getByLabel('Namespace').selectOption('shop')
  expect(await tableText(page)).toHaveLength(0)
  expect(await page.getByText('No connection matches the filters.').isVisible()).toBe(true)
  await page.goBack()
  expect((await tableText(page)).map(cells => cells[6])).toEqual(['Tokyo, Japan'])
  expect(await page.getByLabel('Namespace').inputValue()).toBe('')
  await page.goForward()
  expect(await page.getByLabel('Namespace').inputValue()).toBe('shop')
})

test('verdicts can be asked for', async () => {
  await using opened = await served.open()
  const { page } = opened
  await page.getByLabel('Verdict').selectOption('Forbidden')
  expect((await tableText(page)).map(cells => cells[7])).toEqual(['198.51.100.1'])
  expect(await page.locator('#dots [role=option]').count()).toBe(1)
})

test('countries have their names, and what has none can be asked for', async () => {
  await using opened = await served.open({ query: '?scope=all' })
  const { page } = opened
  const choices = await page.getByLabel('Country').locator('option').allTextContents()
  expect(choices).toContain('Brazil (BR)')
  await page.getByLabel('Country').selectOption('(not the internet)')
  expect((await tableText(page)).map(cells => cells[7])).toEqual(['10.0.0.7'])
  expect(new URL(page.url()).searchParams.get('country')).toBe('none')
})

test('processes of the host are found by the filter for what has no namespace', async () => {
  await using opened = await served.open()
  await opened.page.getByLabel('Namespace').selectOption({ label: '(none)' })
  expect((await tableText(opened.page)).map(cells => cells[2])).toEqual(['ssh.service'])
})

test('another time range is asked for at once, with its own line', async () => {
  await using opened = await served.open()
  const { page } = opened
  expect(served.asked.map(({ windowSeconds }) => windowSeconds)).toEqual([900])
  const trend = page.getByRole('img', { name: 'Traffic of the last' })
  expect(await trend.getAttribute('aria-label')).toBe(
    'Traffic of the last 15 min: sent between – and 2.00 kB/s; received between 500 B/s and 500 B/s',
  )
  // Received was not counted in between: its line has a gap.
  expect(await page.locator('#trend .received').getAttribute('d')).toMatch(/^M[^ML]+M[^ML]+$/)
  expect(await page.locator('#trend .sent').getAttribute('d')).toMatch(/^M[^M]+L[^M]+L[^M]+$/)
  await page.getByRole('radio', { name: '6 h' }).check()
  await page.getByRole('img', { name: 'Traffic of the last 6h' }).waitFor()
  expect(served.asked.at(-1)?.windowSeconds).toBe(21_600)
  expect(new URL(page.url()).search).toBe('?range=6h')
})

test('geoip filters where it left out connections, so that small ones are found', async () => {
  served.connections = { ...served.connections, truncated: 12_345 }
  await using opened = await served.open()
  const { page } = opened
  await page.getByText('; 12,345 smaller ones left out').waitFor()
  const [first] = served.connections.rows
  if (!first) throw new Error('there are no rows')
  served.connections = {
    ...served.connections,
    rows: [{ ...first, pod: 'checkout-9' }],
    truncated: 0,
  }
  await page.getByLabel('Namespace').selectOption('shop')
  await page.getByRole('cell', { name: 'checkout-9' }).waitFor()
  expect(served.asked.at(-1)?.filters).toEqual({
    namespaces: ['shop'],
    pods: [],
    containers: [],
    countries: [],
  })
  // The choices are those of all connections still.
  expect(await page.getByLabel('Namespace').locator('option').count()).toBe(4)
})
