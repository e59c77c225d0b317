import { writeVarint } from '../protobuf/varint.ts'

// Request { repeated string symbols = 4 }: field number << 3 | 2.
const SYMBOL = String.fromCharCode(0x22)

export type Symbols = ReturnType<typeof newSymbols>

/** The strings of one request, each once; the first is the empty one, as the specification wants it. */
export function newSymbols() {
  const refs = new Map([['', 0]])
  // Encoded, as text of one character per byte: many strings cost one call into native code then,
  // and the agent runs without V8's optimising compiler.
  const encoded = [encodedOf('')]
  let length = 2

  function refOf(text: string): number {
    const known = refs.get(text)
    if (known !== undefined) return known
    const ref = refs.size
    refs.set(text, ref)
    const symbol = encodedOf(text)
    encoded.push(symbol)
    length += symbol.length
    return ref
  }

  return {
    refOf,
    /** Of the encoded table, in bytes. */
    length: () => length,
    writeTo: (bytes: Buffer) => bytes.write(encoded.join(''), 'latin1'),
  }
}

function encodedOf(text: string): string {
  const length = Buffer.byteLength(text)
  const bytes = length === text.length ? text : Buffer.from(text).toString('latin1')
  if (length < 0x80) return SYMBOL + String.fromCharCode(length) + bytes
  const prefix = Buffer.alloc(8)
  return SYMBOL + prefix.toString('latin1', 0, writeVarint(prefix, 0, length)) + bytes
}
