import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { tableText, useBrowserPage } from '../test/browser-page.ts'
import { rows } from '../test/rows.ts'

const served = useBrowserPage()

test('the table has the rows of the API, as the map has', async () => {
  await using opened = await served.open()
  const { page } = opened
  const shown = await tableText(page)
  const inInternet = rows.filter(row => row.isPublic)
  expect(shown).toHaveLength(inInternet.length)
  for (const row of inInternet) {
    const line = shown.find(
      cells => cells[7]?.split(' ')[0] === row.address && cells[1] === (row.pod ?? '–'),
    )
    expect(line?.slice(0, 5)).toEqual(
      [row.namespace, row.pod, row.container, row.node, row.role].map(value => value ?? '–'),
    )
  }
  expect(shown[0]?.join(' | ')).toBe(
    'shop | checkout-0 | app | node-1 | client | Unknown | Berlin, Germany | 192.0.2.1 | – | 443 | 50.0 kB/s | 25.0 kB/s | 1.00 MB | 1.50 MB',
  )
  expect(shown[1]?.[5]).toBe('Forbidden: billing-stays-in-asia')
  await page.getByRole('radio', { name: 'All' }).check()
  expect(await tableText(page)).toHaveLength(rows.length)
  expect(await page.locator('#sum-countries').textContent()).toBe('4')
  expect(await page.locator('#sum-forbidden').textContent()).toBe('1')
})

test('a header sorts by its column and says so', async () => {
  await using opened = await served.open()
  const { page } = opened
  const header = page.getByRole('columnheader', { name: 'Received', exact: true })
  await header.getByRole('button').click()
  expect(await header.getAttribute('aria-sort')).toBe('descending')
  const addresses = (await tableText(page)).map(cells => cells[7])
  expect(addresses[0]).toBe('192.0.2.1')
  await header.getByRole('button').click()
  expect(await header.getAttribute('aria-sort')).toBe('ascending')
  expect((await tableText(page)).map(cells => cells[7]).at(-1)).toBe(addresses[0])
})

test('the file has the rows of the table in their order, and no formula', async () => {
  const [first] = rows
  if (!first) throw new Error('there are no rows')
  served.connections = {
    ...served.connections,
    rows: [...rows, { ...first, address: '192.0.2.9', asOrganization: '=HYPERLINK("x"), "y"' }],
  }
  await using opened = await served.open({ query: '?namespace=shop&sort=address' })
  const { page } = opened
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Export CSV' }).click(),
  ])
  expect(download.suggestedFilename()).toMatch(/^podatlas-connections-\d{8}T\d{6}Z\.csv$/)
  const [header = '', ...lines] = readFileSync(await download.path(), 'utf8').split('\r\n')
  const at = header.split(',').indexOf('address')
  expect(lines.pop()).toBe('')
  expect(lines.map(line => line.split(',')[at])).toEqual(
    (await tableText(page)).map(cells => cells[7]?.split(' ')[0]),
  )
  const strange = lines.find(line => line.includes('192.0.2.9'))
  expect(strange).toContain(`,"'=HYPERLINK(""x""), ""y""",`)
})
