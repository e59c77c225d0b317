/** Dotted name of each number in a type → where it stands: offset and size in bytes. */
export type Fields = Readonly<Record<string, readonly [offset: number, size: number]>>

// include/uapi/linux/btf.h
const HEADER_LENGTH_AT = 4
const INT = 1
const PTR = 2
const ARRAY = 3
const STRUCT = 4
const UNION = 5
const ENUM = 6
const FUNC_PROTO = 13
const VAR = 14
const DATASEC = 15
const DECL_TAG = 17
const ENUM64 = 19
/** Bytes per member, of kinds that have members. */
const MEMBER_SIZE: Readonly<Record<number, number>> = {
  [STRUCT]: 12,
  [UNION]: 12,
  [ENUM]: 8,
  [FUNC_PROTO]: 8,
  [DATASEC]: 12,
  [ENUM64]: 12,
}
/** Bytes that follow other kinds. */
const EXTRA_SIZE: Readonly<Record<number, number>> = {
  [INT]: 4,
  [ARRAY]: 12,
  [VAR]: 4,
  [DECL_TAG]: 4,
}

type Type = {
  readonly kind: number
  /** Size in bytes, or the type that this one stands for. */
  readonly sizeOrType: number
  readonly memberCount: number
  readonly membersAt: number
}

/** Reads type information (BTF). Gives a function from the number of a type to its fields. */
export function typeFields(btf: Uint8Array): (typeId: number) => Fields {
  const view = new DataView(btf.buffer, btf.byteOffset, btf.byteLength)
  const u32 = (at: number) => view.getUint32(at, true)
  const headerLength = u32(HEADER_LENGTH_AT)
  const typesAt = headerLength + u32(8)
  const stringsAt = headerLength + u32(16)
  const types = readTypes(u32, typesAt, typesAt + u32(12))

  function nameAt(offset: number): string {
    const start = stringsAt + offset
    return Buffer.from(btf.subarray(start, btf.indexOf(0, start))).toString()
  }

  function sizeOf(typeId: number): number {
    const type = types[typeId]
    if (!type || typeId === 0) return 0
    if (type.kind === PTR) return 8
    if (type.kind === ARRAY) return sizeOf(u32(type.membersAt)) * u32(type.membersAt + 8)
    const hasSize = [INT, STRUCT, UNION, ENUM, ENUM64].includes(type.kind)
    return hasSize ? type.sizeOrType : sizeOf(type.sizeOrType)
  }

  function* fieldsOf(typeId: number, name: string, offset: number): Generator<Field> {
    const type = types[typeId]
    if (!type || typeId === 0) return // void
    if (type.kind === STRUCT || type.kind === UNION) {
      for (let index = 0; index < type.memberCount; index++) {
        const at = type.membersAt + 12 * index
        const member = nameAt(u32(at))
        const path = name === '' || member === '' ? name + member : `${name}.${member}`
        // The upper byte is the size of a bit field, and there are none in our types.
        yield* fieldsOf(u32(at + 4), path, offset + (u32(at + 8) & 0xff_ff_ff) / 8)
      }
    } else if ([INT, PTR, ARRAY, ENUM, ENUM64].includes(type.kind)) {
      yield [name, [offset, sizeOf(typeId)]]
    } else yield* fieldsOf(type.sizeOrType, name, offset)
  }

  return typeId => Object.fromEntries(fieldsOf(typeId, '', 0))
}

type Copy = (from: DataView, fromAt: number, to: DataView, toAt: number) => void

/** Copies what both types have by the same name; what only the newer one has is 0. */
export function fieldCopier(from: Fields, to: Fields, isMeant: (name: string) => boolean): Copy {
  const fields = Object.entries(to).filter(([name]) => isMeant(name))
  return (source, sourceAt, target, targetAt) => {
    for (const [name, [offset, size]] of fields) {
      const [before = 0, sizeBefore = 0] = from[name] ?? []
      for (let byte = 0; byte < size; byte++) {
        const value = byte < sizeBefore ? source.getUint8(sourceAt + before + byte) : 0
        target.setUint8(targetAt + offset + byte, value)
      }
    }
  }
}

type Field = [name: string, place: readonly [offset: number, size: number]]

function readTypes(u32: (at: number) => number, start: number, end: number): Type[] {
  const types: Type[] = [{ kind: 0, sizeOrType: 0, memberCount: 0, membersAt: 0 }]
  for (let at = start; at < end;) {
    const info = u32(at + 4)
    const kind = (info >>> 24) & 0x1f
    const memberCount = info & 0xff_ff
    types.push({ kind, sizeOrType: u32(at + 8), memberCount, membersAt: at + 12 })
    at += 12 + memberCount * (MEMBER_SIZE[kind] ?? 0) + (EXTRA_SIZE[kind] ?? 0)
  }
  return types
}
