import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { sumTable } from './sum-table.ts'

// Texts of every kind, some of which are parts of others; a zero byte parts them, so none has one.
const text = fc.oneof(
  fc.constantFrom('', 'a', 'aa', '192.0.2.1', '2001:db8::1', 'ü', '日本', '😀'),
  fc.string({ unit: 'grapheme' }).map(any => any.replaceAll('\0', '')),
)
const key = fc.array(fc.option(text, { nil: undefined }), { minLength: 3, maxLength: 3 })
const step = fc.oneof(
  { weight: 9, arbitrary: fc.tuple(key, fc.integer({ min: 1, max: 1_000 })) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 5 }) },
)

test('sums are those of a map of texts, after forgetting any of them too', () => {
  const table = sumTable()
  const check = (steps: readonly (number | [(string | undefined)[], number])[]) => {
    table.clear()
    let model: [string, number][] = []
    for (const one of steps) {
      if (typeof one === 'number') {
        table.keep(number => number % one > 0)
        model = model.filter((_, number) => number % one > 0)
        continue
      }
      const [texts, value] = one
      const known = model.find(([name]) => name === texts.join('\0'))
      const isOdd = value % 2 === 1
      expect(table.add(texts, value, each => each % 2 === 1)).toBe(known !== undefined || isOdd)
      if (known) known[1] += value
      else if (isOdd) model.push([texts.join('\0'), value])
    }
    expect(table.size()).toBe(model.length)
    expect([...table.sums()]).toEqual(model.map(([, sum]) => sum))
    expect(model.map((_, number) => table.keyAt(number).join('\0'))).toEqual(
      model.map(([name]) => name),
    )
  }
  fc.assert(fc.property(fc.array(step, { maxLength: 200 }), check), { numRuns: 200 })
})

test('it grows to any number of keys, of any length, and finds each again', () => {
  const table = sumTable()
  const keys = Array.from({ length: 20_000 }, (_, at) => [
    `10.${at >> 8}.${at & 255}.1`,
    `p${at % 7}`,
  ])
  keys.push(['long', 'x'.repeat(1_000_000)])
  for (let round = 0; round < 2; round++) {
    for (const each of keys) expect(table.add(each, 1, () => round === 0)).toBe(true)
  }
  expect(table.size()).toBe(keys.length)
  expect(new Set(table.sums())).toEqual(new Set([2]))
  expect(table.keyAt(12_345)).toEqual(keys[12_345])
  expect(table.keyAt(20_000)).toEqual(keys[20_000])
})
