import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect } from 'vitest'
import { openChromium } from '../../../ci/screenshot/chromium.ts'
import type { Snapshot } from '../answer-cache.ts'
import type { ConnectionRows } from '../connections/connections.ts'
import type { History } from '../connections/history.ts'
import type { Location } from '../location.ts'
import type { ViewRequest } from '../connections/view-request.ts'
import { servePage } from './page-server.ts'
import { rows } from './rows.ts'

export type Open = (
  options?: BrowserContextOptions & {
    readonly query?: string
    /** The time that the page takes for now; it stands still. */
    readonly nowMs?: number
  },
) => Promise<AsyncDisposable & { readonly page: Page }>

/** The page in a real browser, over answers that a test may change. */
export type BrowserPage = {
  connections: Snapshot<ConnectionRows>
  history: Snapshot<History>
  /** What the page asked geoip for, in order. */
  asked: ViewRequest[]
  /** What it asked for beyond this server, and what its policy refused: nothing, at the end of a test. */
  trespasses: string[]
  readonly open: Open
}

/** Hooks of a test file that opens the page; the answers are as at first before each test. */
export function useBrowserPage(cluster?: Location): BrowserPage {
  const stack = new AsyncDisposableStack()
  let chromium: Awaited<ReturnType<typeof openChromium>>
  let url = ''
  const served: BrowserPage = { ...firstAnswers(), asked: [], trespasses: [], open }

  beforeAll(async () => {
    chromium = stack.use(await openChromium())
    const server = await servePage({
      connections: request => {
        served.asked.push(request)
        return served.connections
      },
      history: () => served.history,
      ...(cluster && { cluster }),
    })
    ;({ url } = stack.use(server))
  })
  afterAll(() => stack.disposeAsync())
  beforeEach(() => {
    Object.assign(served, firstAnswers(), { asked: [], trespasses: [] })
  })
  return served

  async function open({ query = '', nowMs, ...options }: Parameters<Open>[0] = {}) {
    const size = { width: 1400, height: 900 }
    const context = await chromium.newContext({ viewport: size, ...options })
    if (nowMs !== undefined) await context.clock.setFixedTime(nowMs)
    const page = await context.newPage()
    page.on('request', request => {
      const isHere = request.url().startsWith(url) || request.url().startsWith('blob:')
      if (!isHere) served.trespasses.push(`asked for ${request.url()}`)
    })
    page.on('console', message => {
      if (message.type() === 'error') served.trespasses.push(message.text())
    })
    page.on('pageerror', error => served.trespasses.push(error.message))
    await page.goto(url + query)
    await page.locator('#freshness:not(:text("Loading"))').waitFor()
    return {
      page,
      [Symbol.asyncDispose]: async () => {
        await context.close()
        expect(served.trespasses).toEqual([])
      },
    }
  }
}

function firstAnswers() {
  const now = { readAtMs: Date.now(), problem: undefined }
  const points = [0, 1, 2].map(step => ({
    seconds: step * 15,
    sentPerSecond: step * 1_000,
    receivedPerSecond: step === 1 ? null : 500,
  }))
  const policies = [{ name: 'billing-stays-in-asia', severity: 'critical' }]
  return {
    connections: { rows, truncated: 0, policies, ...now },
    history: { stepSeconds: 15, points, ...now },
  }
}

/** The cells of the table, row by row, as they are to be seen. */
export function tableText(page: Page): Promise<string[][]> {
  return page.evaluate(() =>
    Array.from(document.querySelectorAll('tbody tr'), row =>
      Array.from(row.children, cell => cell.textContent ?? ''),
    ),
  )
}

/** What axe has against the page as it stands. */
export async function axeViolations(page: Page): Promise<string[]> {
  const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
  await page.evaluate(axe)
  const violations: { id: string; nodes: { html: string }[] }[] = await page.evaluate(
    'axe.run().then(results => results.violations)',
  )
  return violations.flatMap(({ id, nodes }) => nodes.map(node => `${id}: ${node.html}`))
}
