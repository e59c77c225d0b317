import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { refuseLarge } from './build.ts'
import { images, releaseImages } from './images.ts'
import { version } from './version.ts'

test.each([
  ['agent', 180e6],
  ['geoip', 160e6],
  ['peers', 160e6],
])('an image of %s with more than %d bytes fails the build', (name, limit) => {
  const image = images.find(one => one.name === name)!
  expect(() => refuseLarge(image, limit)).not.toThrow()
  expect(() => refuseLarge(image, limit + 100_000)).toThrow(
    `image ${name}: ${limit / 1e6}.1 MB is more than ${limit / 1e6}.0 MB`,
  )
})

test('a Containerfile that is built by itself knows the version', () => {
  const text = readFileSync(join(import.meta.dirname, 'Containerfile'), 'utf8')
  const versions = [...text.matchAll(/^ARG VERSION=(.*)$/gm)].map(([, given]) => given)
  expect(versions).toEqual(releaseImages.map(() => version))
})
