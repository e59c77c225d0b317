import { execFileSync } from 'node:child_process'
import { mkdtempDisposableSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

/** Takes the picture of the README from a running geoip: `node ci/screenshot/main.ts URL [FILE]`. */
const [url, file = join(import.meta.dirname, '../../docs/page.png')] = process.argv.slice(2)
if (!url)
  throw new Error('screenshot: name the URL of a running geoip, such as http://127.0.0.1:8080')

const mostBytes = 300_000

using profile = mkdtempDisposableSync(join(tmpdir(), 'podatlas-screenshot-'))
const context = await chromium.launchPersistentContext(profile.path, {
  executablePath: execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim(),
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking'],
  viewport: { width: 1400, height: 900 },
  colorScheme: process.env['COLORS'] === 'light' ? 'light' : 'dark',
})
try {
  const page = await context.newPage()
  await page.goto(url)
  await page.locator('.dot').first().waitFor({ timeout: 60_000 })
  await page.screenshot({ path: file })
} finally {
  await context.close()
}
const { size } = statSync(file)
if (size > mostBytes)
  throw new Error(`screenshot: ${file} has ${size} bytes, more than ${mostBytes}`)
process.stdout.write(`${file}: ${size} bytes\n`)
