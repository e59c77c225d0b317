import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const FLOOD = join(import.meta.dirname, 'test/address-flood.ts')
/** As the agent runs, but for the compiler: it is a whole minute's work at once. */
const OPTIONS = ['--max-semi-space-size=1', '--expose-gc']
/** A million flows that are kept take more than that. */
const MOST_RSS_MB = 400

type Flooded = {
  readonly counted: number
  readonly offered: number
  readonly mostSeries: number
  readonly rssMb: number
  readonly heldMb: number
}

test('a million remote addresses in a minute lose no byte, stay within the budget of series, and hold no more memory than a tenth of them', () => {
  const tenth = flood(100_000)
  const million = flood(1_000_000)
  for (const { counted, offered, mostSeries } of [tenth, million]) {
    expect(offered).toBe(counted)
    expect(mostSeries).toBeLessThanOrEqual(10_000)
  }
  expect(million.heldMb).toBeLessThan(tenth.heldMb + 5)
  expect(million.rssMb).toBeLessThan(MOST_RSS_MB)
}, 120_000)

function flood(addresses: number): Flooded {
  const words = [...OPTIONS, FLOOD, String(addresses)]
  return JSON.parse(execFileSync(process.execPath, words, { encoding: 'utf8' }))
}
