import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { linesOf, textOf } from './api-server.ts'

async function* cut(bytes: Buffer, places: readonly number[]): AsyncGenerator<Buffer> {
  const sorted = [0, ...places.map(place => place % (bytes.length + 1)), bytes.length]
  sorted.sort((one, other) => one - other)
  for (const [index, place] of sorted.slice(1).entries()) yield bytes.subarray(sorted[index], place)
}

async function* endless(): AsyncGenerator<Buffer> {
  for (;;) yield Buffer.alloc(65_536, 'x')
}

test('lines and texts are the same however they are cut, inside a character too', async () => {
  const lines = fc.array(fc.string({ unit: 'grapheme' }).filter(line => !line.includes('\n')))
  await fc.assert(
    fc.asyncProperty(lines, fc.array(fc.nat(1_000)), async (wanted, places) => {
      const text = wanted.map(line => `${line}\n`).join('')
      const bytes = Buffer.from(`${text}the rest is no line`)
      expect((await Array.fromAsync(linesOf(cut(bytes, places)))).map(String)).toEqual(wanted)
      expect(await textOf(cut(bytes, places))).toBe(`${text}the rest is no line`)
    }),
  )
})

test('an answer without an end is not collected for ever', async () => {
  await expect(Array.fromAsync(linesOf(endless()))).rejects.toThrow(/more than 4000000 B/)
  await expect(textOf(endless())).rejects.toThrow(/more than 4000000 B/)
})
