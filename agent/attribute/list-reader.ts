/** A piece of a Kubernetes list, as JSON text. */
export type ListPiece = { readonly kind: 'metadata' | 'item'; readonly text: string }

export type ListReader = {
  /** What became complete with this part of the text. Throws RangeError for a piece that does not end. */
  readonly take: (part: string) => ListPiece[]
  /** Whether the list came to its end. Text that is cut off somewhere leaves it open. */
  readonly isWhole: () => boolean
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPENING = new Set([0x5b, 0x7b])
const CLOSING = new Set([0x5d, 0x7d])

/**
 * Cuts `{"metadata": {…}, "items": [{…}, …]}` into its pieces while it comes in: a node's list is megabytes,
 * of which a few hundred bytes per pod are kept, and a process never gives its largest moment back.
 * It follows brackets and strings only; whether a piece is JSON its parser will say.
 */
export function listReader(maxPiece: number): ListReader {
  let text = ''
  let at = 0
  let depth = 0
  let isInString = false
  let stringStart = 0
  let key = ''
  let pieceKind: ListPiece['kind'] | undefined
  let pieceStart = 0
  let isInItems = false
  let isWhole = false

  function take(part: string): ListPiece[] {
    const pieces: ListPiece[] = []
    text += part
    for (; at < text.length; at += 1) {
      const character = text.charCodeAt(at)
      if (isInString) followString(character)
      else if (character === QUOTE) {
        isInString = true
        stringStart = at
      } else if (OPENING.has(character)) open(character)
      else if (CLOSING.has(character)) close(pieces)
    }
    keepTheRest()
    return pieces
  }

  function followString(character: number): void {
    if (character === BACKSLASH) at += 1
    else if (character === QUOTE) {
      isInString = false
      if (depth === 1) key = text.slice(stringStart + 1, at)
    }
  }

  function open(character: number): void {
    if (depth === 1) {
      isInItems = key === 'items' && character === 0x5b
      if (key === 'metadata') startPiece('metadata')
    } else if (depth === 2 && isInItems) startPiece('item')
    depth += 1
  }

  function startPiece(kind: ListPiece['kind']): void {
    pieceKind = kind
    pieceStart = at
  }

  function close(pieces: ListPiece[]): void {
    depth -= 1
    if (pieceKind !== undefined && depth === (pieceKind === 'item' ? 2 : 1)) {
      pieces.push({ kind: pieceKind, text: text.slice(pieceStart, at + 1) })
      pieceKind = undefined
    }
    if (depth === 1) isInItems = false
    if (depth === 0) isWhole = true
  }

  function keepTheRest(): void {
    const from = pieceKind === undefined ? (isInString ? stringStart : text.length) : pieceStart
    const kept = Math.min(from, text.length)
    text = text.slice(kept)
    if (text.length > maxPiece) throw new RangeError(`a piece of more than ${maxPiece} characters`)
    at -= kept
    stringStart -= kept
    pieceStart -= kept
  }

  return { take, isWhole: () => isWhole }
}
