import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Samples } from '../../model.ts'
import { arrivedOf } from '../../test/sample.ts'
import { EXAMPLE_MS, exampleSample, exampleSamples, exampleSeries } from '../test/examples.ts'
import { labelsOf } from '../series-labels.ts'
import { openSpool, type Spool, type SpoolParts } from './spool.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'podatlas-spool-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const NOW_MS = EXAMPLE_MS + 1_000_000
const series = exampleSeries()
const moment = (value: number) => exampleSample(series, value, EXAMPLE_MS + value)

/** A spool in the test's folder, and what it dropped. */
function spoolHere(parts: Partial<SpoolParts> = {}) {
  const dropped: [number, string][] = []
  const spool = openSpool({
    directory,
    maxBytes: 2 ** 24,
    maxAgeMs: 1e9,
    maxHeld: 0,
    onDrop: (count, reason) => dropped.push([count, reason]),
    ...parts,
  })
  return Object.assign(spool, { dropped })
}

async function drained(spool: Spool): Promise<Samples[]> {
  const all: Samples[] = []
  for (let taken = await spool.take(NOW_MS); taken; taken = await spool.take(NOW_MS)) {
    all.push(taken)
    spool.settle()
  }
  return all
}

const valuesOf = (moments: readonly Samples[]) => moments.flatMap(({ values = [] }) => [...values])

const segments = () =>
  readdirSync(directory)
    .filter(name => name.endsWith('.segment'))
    .toSorted()

test.each([0, 3, 1_000])(
  'what goes in comes out, in order, with %i samples held in memory',
  async maxHeld => {
    const spool = spoolHere({ maxHeld })
    const others = [1, 2, 3].map(value => exampleSeries(`pod-${value}`))
    const moments = [
      moment(1),
      exampleSamples(
        others.map((one, index) => [one, index / 3]),
        EXAMPLE_MS + 2,
      ),
      moment(3),
      { timestampMs: EXAMPLE_MS + 4, series: [series] },
      moment(5),
    ]
    for (const one of moments) spool.append(one)
    expect((await drained(spool)).flatMap(arrivedOf)).toEqual(moments.flatMap(arrivedOf))
    expect(spool.size()).toBe(0)
    await spool.close()
    expect(segments()).toEqual([])
  },
)

test('what was not settled is taken again by the next one, without what was', async () => {
  const first = spoolHere()
  const three = exampleSamples([1, 2, 3].map(value => [exampleSeries(`p${value}`), value]))
  for (const one of [moment(1), three, moment(9)]) first.append(one)
  await first.take(NOW_MS)
  first.settle()
  await first.take(NOW_MS)
  first.settle(2)
  // As by kill -9: nothing is closed.
  const second = spoolHere()
  expect(second.size()).toBe(2)
  expect(valuesOf(await drained(second))).toEqual([3, 9])
  expect(second.dropped).toEqual([])
})

test('only what was taken when its agent died is in doubt, also as the first of a segment', async () => {
  // Each moment in a segment of its own.
  const parts = { maxBytes: 2_000 }
  const first = spoolHere(parts)
  first.append(moment(1))
  await first.take(NOW_MS)
  first.settle()
  for (const value of [2, 3]) first.append(moment(value))
  await first.take(NOW_MS)
  expect(first.isInDoubt()).toBe(false)
  expect(segments()).toHaveLength(3)
  const second = spoolHere(parts)
  for (const [value, isInDoubt] of [
    [2, true],
    [3, false],
  ] as const) {
    expect(await second.take(NOW_MS)).toMatchObject({ timestampMs: EXAMPLE_MS + value })
    expect(second.isInDoubt()).toBe(isInDoubt)
    second.settle()
  }
})

test('what is too old is told apart from what may have arrived before it was', async () => {
  const first = spoolHere()
  for (const value of [1, 2]) first.append(moment(value))
  await first.take(NOW_MS)
  const second = spoolHere({ maxAgeMs: 1_000 })
  // Too old as a whole, and still to be read: nobody knows yet how much of it may have arrived.
  second.append(exampleSample(series, 3, NOW_MS))
  expect(second.dropped).toEqual([])
  expect(valuesOf(await drained(second))).toEqual([3])
  expect(second.dropped).toEqual([
    [1, 'unconfirmed'],
    [1, 'spool_age'],
  ])
})

test('a torn end is cut off, and what stands before it arrives', async () => {
  const first = spoolHere()
  for (const value of [1, 2]) first.append(moment(value))
  const [name = ''] = segments()
  const whole = statSync(join(directory, name)).size
  first.append(moment(3))
  const more = statSync(join(directory, name)).size
  for (let size = more - 1; size > whole; size -= 7) {
    truncateSync(join(directory, name), size)
    const next = openSpool({
      directory,
      maxBytes: 2 ** 24,
      maxAgeMs: 1e9,
      maxHeld: 0,
      onDrop: () => {},
    })
    expect(next.size()).toBe(2)
    await next.close()
  }
  expect(valuesOf(await drained(spoolHere()))).toEqual([1, 2])
})

test('garbage at the end, as of a disk that lost power, is cut off as well', async () => {
  const first = spoolHere()
  first.append(moment(1))
  const [name = ''] = segments()
  appendFileSync(join(directory, name), Buffer.alloc(4_096))
  const second = spoolHere()
  second.append(moment(2))
  expect(valuesOf(await drained(second))).toEqual([1, 2])
})

test('a segment that is damaged in its middle costs the rest of itself, counted, and nothing else', async () => {
  const first = spoolHere({ maxBytes: 8 * 2_000 })
  let value = 0
  while (segments().length < 3) first.append(moment(++value))
  const path = join(directory, segments()[1] ?? '')
  const bytes = readFileSync(path)
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 0xff
  writeFileSync(path, bytes)
  const second = spoolHere()
  const arrived = valuesOf(await drained(second))
  const lost = second.dropped.reduce((sum, [count]) => sum + count, 0)
  expect(second.dropped).toEqual([[expect.any(Number), 'spool_lost']])
  expect(lost).toBeGreaterThan(0)
  expect(arrived.length + lost).toBe(value)
  expect(arrived).toEqual(arrived.toSorted((left, right) => left - right))
})

test('the bound in bytes holds on disk, the oldest go, and each is counted once', async () => {
  const maxBytes = 20_000
  const spool = spoolHere({ maxBytes })
  for (let value = 1; value <= 1_000; value++) {
    spool.append(moment(value))
    const onDisk = segments().map(name => statSync(join(directory, name)).size)
    expect(onDisk.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(maxBytes)
    expect(spool.bytes()).toBeLessThanOrEqual(maxBytes)
  }
  const dropped = spool.dropped.reduce((sum, [count]) => sum + count, 0)
  expect(new Set(spool.dropped.map(([, reason]) => reason))).toEqual(new Set(['spool_full']))
  expect(spool.size()).toBe(1_000 - dropped)
  const arrived = valuesOf(await drained(spool))
  expect(arrived).toEqual(Array.from({ length: 1_000 - dropped }, (_, i) => dropped + 1 + i))
})

test('a moment larger than the whole spool is refused, and what was there stays', async () => {
  const spool = spoolHere({ maxBytes: 4_000 })
  spool.append(moment(1))
  const large = exampleSamples(Array.from({ length: 500 }, (_, i) => [exampleSeries(`p${i}`), i]))
  expect(() => spool.append(large)).toThrow(/takes \d+ bytes, and maxBytes is 4000/)
  spool.append(moment(2))
  expect(valuesOf(await drained(spool)).slice(-1)).toEqual([2])
})

test('what is older than the bound is not sent any more, and counted', async () => {
  const spool = spoolHere({ maxAgeMs: NOW_MS - EXAMPLE_MS - 2 })
  for (const value of [1, 2, 3]) spool.append(moment(value))
  expect(valuesOf(await drained(spool))).toEqual([2, 3])
  expect(spool.dropped).toEqual([[1, 'spool_age']])
})

test('what was alive is known after a crash, and after an orderly end nothing is', async () => {
  const [a, b, c] = [exampleSeries('a'), exampleSeries('b'), exampleSeries('c')]
  const first = spoolHere()
  first.append(
    exampleSamples([
      [a, 1],
      [b, 2],
      [c, 3],
    ]),
  )
  first.append({ timestampMs: EXAMPLE_MS + 1, series: [b] })
  await drained(first)
  const second = spoolHere()
  expect(second.orphans.map(labelsOf)).toEqual([a, c].map(labelsOf))
  // It dies as well, before it could end them.
  const third = spoolHere()
  expect(third.orphans.map(labelsOf)).toEqual([a, c].map(labelsOf))
  await third.close()
  expect(spoolHere().orphans).toEqual([])
})

test('many segments later, all that is alive is still known', async () => {
  const first = spoolHere({ maxBytes: 16_000 })
  const quiet = exampleSeries('quiet')
  first.append(exampleSample(quiet, 1))
  for (let value = 1; value <= 300; value++) first.append(moment(value))
  const second = spoolHere()
  expect(second.orphans.map(labelsOf)).toEqual([quiet, series].map(labelsOf))
})

test.each([2 ** 24, 16_000])(
  'what was counted from a drain that nobody released is taken out, and all else stays (%i bytes)',
  async maxBytes => {
    const first = spoolHere({ maxBytes })
    for (const value of [1, 2]) first.append(moment(value), 'a-1')
    const before = segments().length
    // Into several segments, where they are small.
    for (let value = 3; value <= 60; value++) first.append(moment(value), 'b-7')
    expect(segments().length > before).toBe(maxBytes < 2 ** 20)
    const second = spoolHere({ maxBytes, unreleased: ['a-2', 'b-7'] })
    expect(second.orphans.map(labelsOf)).toEqual([labelsOf(series)])
    second.append(moment(99), 'b-7')
    expect(valuesOf(await drained(second))).toEqual([1, 2, 99])
    expect(second.dropped).toEqual([])
  },
)

test('what was counted from a drain that was released stays, and so does what was not counted from any', async () => {
  const first = spoolHere()
  first.append(moment(1))
  first.append(moment(2), 'a-1')
  const second = spoolHere({ unreleased: ['a-2', 'b-1'] })
  expect(valuesOf(await drained(second))).toEqual([1, 2])
})
