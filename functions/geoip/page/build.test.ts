import { mkdtempDisposableSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadAssets } from '../page-assets.ts'
import { buildPage } from './build.ts'

test('the whole page is at most 200 KB on the wire', async () => {
  const assets = await loadAssets(join(import.meta.dirname, 'not-built'))
  const bytes = [...assets.values()].reduce((sum, { gzipped }) => sum + gzipped.byteLength, 0)
  expect(bytes).toBeLessThan(200_000)
})

test('the files built for the image are those served from source', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'geoip-page-'))
  await buildPage(folder.path)
  const fromSource = await loadAssets(join(import.meta.dirname, 'not-built'))
  const fromFolder = await loadAssets(folder.path)
  expect([...fromFolder]).toEqual([...fromSource])
})

test('the page loads nothing from elsewhere', () => {
  const page = readFileSync(join(import.meta.dirname, 'index.html'), 'utf8')
  expect(page).not.toMatch(/(src|href)="(https?:)?\/\//)
  expect(page).not.toMatch(/ style="|<style|<script>/)
})
