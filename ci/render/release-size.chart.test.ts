import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { packagedChart } from '../package/test/packaged-chart.ts'
import { chartFolder, stored } from './helm.ts'

/** What a Secret takes, and a quarter of it: charts only grow. */
const [limitBytes, ownLimitBytes] = [2 ** 20, 2 ** 18]

test('the Secret of a release with everything on stays far below what Kubernetes takes', async ({
  task,
}) => {
  using chart = await packagedChart()
  const everything = ['--values', join(chartFolder, 'tests/everything-values.yaml')]
  const release = await stored(everything, chart.file)
  // As Helm writes it down: JSON, gzip at its best, base64.
  const bytes = gzipSync(JSON.stringify(release), { level: 9 }).toString('base64').length
  Object.assign(task.meta, {
    seen: { [`bytes of the largest release (a Secret takes ${limitBytes})`]: bytes },
  })
  expect(bytes).toBeGreaterThan(100_000)
  expect(bytes).toBeLessThan(ownLimitBytes)
})
