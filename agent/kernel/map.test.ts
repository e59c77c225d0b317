import { expect, test } from 'vitest'
import { KernelError } from './error.ts'
import { entryBuffer } from './map.ts'

const ENOENT = -2
const EIO = -5
const ENOSPC = -28

/** A map in whose buckets entries of one byte (key = value) wait; a batch takes whole buckets, as the kernel does. */
function fakeMap(buckets: readonly (readonly number[])[]) {
  const failures: number[] = []
  return {
    failNext: (errno: number) => failures.push(errno),
    lookupAndDeleteBatch: (
      _fd: number,
      inBatch: Uint32Array | null,
      outBatch: Uint32Array,
      keys: Uint8Array,
      values: Uint8Array,
      count: Uint32Array,
    ) => {
      const failure = failures.shift()
      if (failure) return failure
      let bucket = inBatch?.[0] ?? 0
      let taken = 0
      const room = count[0] ?? 0
      for (; bucket < buckets.length; bucket++) {
        const entries = buckets[bucket] ?? []
        if (taken + entries.length > room) break
        keys.set(entries, taken)
        values.set(entries, taken)
        taken += entries.length
      }
      if (taken === 0 && bucket < buckets.length) return ENOSPC
      count[0] = taken
      outBatch[0] = bucket
      return bucket < buckets.length ? 0 : ENOENT
    },
  }
}

function bytes(view: DataView): number[] {
  return [...new Uint8Array(view.buffer, view.byteOffset, view.byteLength)]
}

const filled = (length: number, value: number) => Array<number>(length).fill(value)

test('an empty map gives nothing', () => {
  const entries = entryBuffer(fakeMap([]), 1, 1)
  entries.moveFrom(3)
  expect(entries.count()).toBe(0)
  expect(entries.keys().byteLength).toBe(0)
})

test('more entries than the buffer holds, in batches: all of them, in order', () => {
  const entries = entryBuffer(fakeMap([filled(3000, 1), filled(3000, 2), filled(3000, 3)]), 1, 1)
  entries.moveFrom(3)
  expect(entries.count()).toBe(9000)
  expect(bytes(entries.keys())).toEqual([
    ...filled(3000, 1),
    ...filled(3000, 2),
    ...filled(3000, 3),
  ])
  expect(bytes(entries.values())).toEqual(bytes(entries.keys()))
})

test('a bucket larger than the batch is read with a larger one, never skipped', () => {
  const entries = entryBuffer(fakeMap([filled(10, 1), filled(20_000, 2)]), 1, 1)
  entries.moveFrom(3)
  expect(bytes(entries.keys())).toEqual([...filled(10, 1), ...filled(20_000, 2)])
})

test('several maps come one after the other, until it is cleared', () => {
  const entries = entryBuffer(fakeMap([[7, 8]]), 1, 1)
  entries.moveFrom(3)
  entries.moveFrom(4)
  expect(bytes(entries.keys())).toEqual([7, 8, 7, 8])
  entries.clear()
  entries.moveFrom(3)
  expect(bytes(entries.values())).toEqual([7, 8])
})

test('a read that fails halfway keeps what it had taken out of the map', () => {
  const map = fakeMap([filled(4000, 1), filled(4000, 2)])
  const entries = entryBuffer(map, 1, 1)
  map.failNext(0) // the first batch goes through
  map.failNext(EIO)
  expect(() => entries.moveFrom(3)).toThrow(KernelError)
  expect(bytes(entries.keys())).toEqual(filled(4000, 1))
})
