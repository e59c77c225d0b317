import { once } from 'node:events'
import * as http from 'node:http'
import * as https from 'node:https'
import type { Line } from './page.ts'
import { parsePage } from './page.ts'

const ACCEPT = 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5'
const LARGEST_BYTES = 64 * 1_024 * 1_024

/** Gets a page and reads it; throws an Error that says what of it failed. `timeoutMs` bounds all of it. */
export async function scrape(url: URL, timeoutMs: number, stop: AbortSignal): Promise<Line[]> {
  const get = url.protocol === 'https:' ? https.get : http.get
  const signal = AbortSignal.any([stop, AbortSignal.timeout(timeoutMs)])
  const [answer]: http.IncomingMessage[] = await once(
    get(url, { headers: { accept: ACCEPT }, signal }),
    'response',
  )
  if (answer?.statusCode !== 200) {
    answer?.destroy()
    throw new Error(`the page answered ${answer?.statusCode}`)
  }
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of answer) {
    const piece: Buffer = chunk
    chunks.push(piece)
    bytes += piece.length
    if (bytes > LARGEST_BYTES) throw new Error(`the page is larger than ${LARGEST_BYTES} bytes`)
  }
  return parsePage(Buffer.concat(chunks).toString())
}
