/**
 * Which parts of a JSON value are wanted: all of it (`true`), some keys of an object, or the same
 * parts of every entry of a list.
 */
export type Shape = true | Keys | { readonly entries: Shape }
type Keys = { readonly keys: Readonly<Record<string, Shape>> }

const BLANK = 0x20
const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const BACKSLASH = 0x5c
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const OPEN = 0x7b
const CLOSE = 0x7d

/**
 * The wanted parts of a JSON text in UTF-8, as `JSON.parse` gives them. The rest is looked at for its
 * ends only, and is neither decoded nor made into objects: half of a pod is managed fields, whose
 * many keys are dear to parse. Throws SyntaxError for a text that does not end where its value ends.
 */
export function pick(json: Buffer, shape: Shape): unknown {
  if (shape === true) return JSON.parse(json.toString())
  let at = 0
  const value = read(shape)
  if (peek() !== undefined) throw unexpected(json, at)
  return value

  function read(wanted: Shape): unknown {
    const first = peek()
    if (wanted !== true && 'keys' in wanted && first === OPEN) return readKeys(wanted)
    if (wanted !== true && 'entries' in wanted && first === OPEN_LIST) {
      return readEntries(wanted.entries)
    }
    const start = at
    at = endOfValue(json, start)
    return first === QUOTE && isPlain(json, start, at)
      ? json.toString('utf8', start + 1, at - 1)
      : JSON.parse(json.toString('utf8', start, at))
  }

  function readKeys({ keys }: Keys): Record<string, unknown> {
    const found: Record<string, unknown> = {}
    at += 1
    while (peek() !== CLOSE) {
      const start = at
      if (peek() !== QUOTE) throw unexpected(json, at)
      at = endOfString(json, start)
      const key = json.toString('latin1', start + 1, at - 1)
      if (peek() !== COLON) throw unexpected(json, at)
      at += 1
      const wanted = Object.hasOwn(keys, key) ? keys[key] : undefined
      if (wanted !== undefined) found[key] = read(wanted)
      else if (peek() !== undefined) at = endOfValue(json, at)
      endEntry(CLOSE)
    }
    at += 1
    return found
  }

  function readEntries(wanted: Shape): unknown[] {
    const found: unknown[] = []
    at += 1
    while (peek() !== CLOSE_LIST) {
      found.push(read(wanted))
      endEntry(CLOSE_LIST)
    }
    at += 1
    return found
  }

  function endEntry(close: number): void {
    const next = peek()
    if (next === COMMA) at += 1
    else if (next !== close) throw unexpected(json, at)
  }

  /** The next byte that is not blank; undefined at the end. */
  function peek(): number | undefined {
    let next = json[at]
    while (next !== undefined && next <= BLANK) next = json[++at]
    return next
  }
}

function endOfValue(json: Buffer, start: number): number {
  const first = json[start]
  if (first === QUOTE) return endOfString(json, start)
  if (first === OPEN || first === OPEN_LIST) return endOfNested(json, start)
  // A number or a word, which ends at the next separator.
  let at = start
  while (isScalar(json[at])) at += 1
  if (at === start) throw unexpected(json, at)
  return at
}

function endOfNested(json: Buffer, start: number): number {
  let depth = 0
  let at = start
  do {
    const byte = json[at]
    if (byte === QUOTE) {
      at = endOfString(json, at)
      continue
    }
    if (byte === OPEN || byte === OPEN_LIST) depth += 1
    else if (byte === CLOSE || byte === CLOSE_LIST) depth -= 1
    else if (byte === undefined) throw unexpected(json, at)
    at += 1
  } while (depth > 0)
  return at
}

function endOfString(json: Buffer, start: number): number {
  for (let at = start + 1; at < json.length; at++) {
    const byte = json[at]
    if (byte === QUOTE) return at + 1
    if (byte === BACKSLASH) at += 1
  }
  throw unexpected(json, json.length)
}

function isPlain(json: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (json[at] === BACKSLASH) return false
  return true
}

function isScalar(byte: number | undefined): boolean {
  return (
    byte !== undefined && byte > BLANK && byte !== COMMA && byte !== CLOSE && byte !== CLOSE_LIST
  )
}

function unexpected(json: Buffer, at: number): SyntaxError {
  return new SyntaxError(at < json.length ? `unexpected byte at ${at}` : 'the text ends too early')
}
