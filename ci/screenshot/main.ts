import { join } from 'node:path'
import { openChromium } from './chromium.ts'
import { writePalettePng } from './palette-png.ts'

const mostBytes = 300_000

/** Takes the picture of the README from a running geoip: `node ci/screenshot/main.ts URL [FILE]`. */
async function main(
  address: string | undefined,
  target = join(import.meta.dirname, '../../docs/page.png'),
): Promise<void> {
  if (!address) throw new Error('name the URL of a running geoip, such as http://127.0.0.1:8080')
  await using browser = await openChromium()
  const page = await browser.newPage({
    viewport: { width: 1400, height: 900 },
    colorScheme: 'dark',
  })
  await page.goto(address)
  await page.locator('.dot').first().waitFor({ timeout: 60_000 })
  const size = await writePalettePng(target, await page.screenshot())
  if (size > mostBytes) throw new Error(`${target} has ${size} bytes, more than ${mostBytes}`)
  process.stdout.write(`${target}: ${size} bytes\n`)
}

const [url, file] = process.argv.slice(2)
main(url, file).catch((error: unknown) => {
  process.stderr.write(`screenshot: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
