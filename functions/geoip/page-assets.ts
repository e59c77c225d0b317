import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

export type Asset = {
  readonly contentType: string
  readonly body: Uint8Array<ArrayBuffer>
  readonly gzipped: Uint8Array<ArrayBuffer>
  readonly etag: string
}

/** The files of the page by name; `index.html` is served as `/`. */
export type Assets = ReadonlyMap<string, Asset>

const contentTypes = {
  'index.html': 'text/html; charset=utf-8',
  'page.css': 'text/css; charset=utf-8',
  'page.js': 'text/javascript; charset=utf-8',
  'favicon.svg': 'image/svg+xml',
}

/**
 * Loads the page from `folder` where it stands built, as in the image; from source it is built in
 * memory. Throws where neither can be had.
 */
export async function loadAssets(folder: string): Promise<Assets> {
  const isBuilt = existsSync(join(folder, 'page.js'))
  const read = isBuilt ? (name: string) => readFile(join(folder, name)) : await buildInMemory()
  const assets = await Promise.all(
    Object.entries(contentTypes).map(async ([name, contentType]) => {
      const body = new Uint8Array(await read(name))
      const gzipped = new Uint8Array(await promisify(gzip)(body, { level: 9 }))
      const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
      return [name, { contentType, body, gzipped, etag }] as const
    }),
  )
  return new Map(assets)
}

async function buildInMemory(): Promise<(name: string) => Promise<Uint8Array>> {
  // Not at the top: the image carries the page built, and no bundler.
  const { bundlePage } = await import('./page/build.ts')
  const files = await bundlePage()
  return async name => {
    const content = files.get(name)
    if (!content) throw new Error(`the page has no file ${name}`)
    return content
  }
}
