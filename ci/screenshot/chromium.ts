import { execFileSync } from 'node:child_process'
import { chromium } from 'playwright-core'
import type { Browser } from 'playwright-core'

const quiet = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Whatever a page asks for, no name is looked up and nothing leaves the machine.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
]

/**
 * Starts the Chromium of PATH with a profile of its own, headless and cut off from the network but
 * for loopback; it ends with its block. Throws where there is no Chromium.
 */
export function openChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: findChromium(), headless: true, args: quiet })
}

function findChromium(): string {
  try {
    return execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim()
  } catch {
    throw new Error('chromium: not in PATH. Install it (apt-get install chromium)')
  }
}
