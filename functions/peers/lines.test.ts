import { expect, test } from 'vitest'
import { linesOf } from './lines.ts'

test('lines are the same however the connection cuts them, and the last one is no line', async () => {
  const text = '{"a":1}\n\n{"größe":"☂"}\n{"cut":'
  const bytes = Buffer.from(text)
  for (let size = 1; size <= bytes.length; size++) {
    const parts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
      bytes.subarray(index * size, (index + 1) * size),
    )
    const lines = await Array.fromAsync(linesOf(stream(parts)), line => line.toString())
    expect(lines).toEqual(['{"a":1}', '{"größe":"☂"}'])
  }
})

test('a line without an end is given up', async () => {
  const parts = Array.from({ length: 20 }, () => Buffer.alloc(1024 * 1024, 'x'))
  await expect(Array.fromAsync(linesOf(stream(parts)))).rejects.toThrow('an answer of more than')
})

async function* stream(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts
}
