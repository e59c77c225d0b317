import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { listReader, type ListPiece } from './list-reader.ts'

function piecesOf(parts: readonly string[], maxPiece = 1_000_000) {
  const reader = listReader(maxPiece)
  const pieces: ListPiece[] = []
  for (const part of parts) pieces.push(...reader.take(part))
  return { pieces, isWhole: reader.isWhole() }
}

function cut(text: string, places: readonly number[]): string[] {
  const sorted = [0, ...places.map(place => place % (text.length + 1)), text.length]
  sorted.sort((one, other) => one - other)
  return sorted.slice(1).map((place, index) => text.slice(sorted[index], place))
}

test('any list, cut anywhere, comes out piece by piece as it went in', () => {
  const list = fc.record({
    kind: fc.string(),
    metadata: fc.dictionary(fc.string(), fc.jsonValue()),
    items: fc.array(fc.dictionary(fc.string(), fc.jsonValue())),
    others: fc.dictionary(fc.string(), fc.jsonValue()),
  })
  const places = fc.array(fc.nat(10_000))
  const indents = fc.constantFrom(0, 2)
  fc.assert(
    fc.property(list, places, indents, ({ kind, metadata, items, others }, at, indent) => {
      const text = JSON.stringify({ kind, others, metadata, items }, undefined, indent)
      const { pieces, isWhole } = piecesOf(cut(text, at))
      expect(isWhole).toBe(true)
      expect(pieces.map(({ kind: pieceKind }) => pieceKind)).toEqual([
        'metadata',
        ...items.map(() => 'item'),
      ])
      // Through text on both sides: -0 has none.
      expect(pieces.map(piece => JSON.stringify(JSON.parse(piece.text)))).toEqual(
        [metadata, ...items].map(value => JSON.stringify(value)),
      )
    }),
  )
})

test('a list that is cut off is not whole, wherever it ends', () => {
  const text = JSON.stringify({ metadata: { resourceVersion: '7' }, items: [{ a: '}]\\"' }, {}] })
  for (let length = 0; length < text.length; length += 1) {
    expect(piecesOf([text.slice(0, length)]).isWhole, text.slice(0, length)).toBe(false)
  }
  expect(piecesOf([text]).isWhole).toBe(true)
})

test('a list without items has metadata only', () => {
  const { pieces, isWhole } = piecesOf(['{"metadata":{"resourceVersion":"1"},"items":null}'])
  expect(pieces).toEqual([{ kind: 'metadata', text: '{"resourceVersion":"1"}' }])
  expect(isWhole).toBe(true)
})

test('what is named items further in is no item of the list', () => {
  const { pieces } = piecesOf(['{"a":{"items":[{"b":1}]},"items":[{"items":[{"c":1}]}]}'])
  expect(pieces).toEqual([{ kind: 'item', text: '{"items":[{"c":1}]}' }])
})

test('a piece without an end is not collected for ever', () => {
  expect(() => piecesOf(['{"items":[{"name":"', 'x'.repeat(60), 'x'.repeat(60)], 100)).toThrow(
    RangeError,
  )
  expect(() => piecesOf([`{"${'x'.repeat(120)}`], 100)).toThrow(RangeError)
})
