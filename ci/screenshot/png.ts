import { crc32, deflateSync, inflateSync } from 'node:zlib'

export type Picture = {
  readonly width: number
  readonly height: number
  /** One number per pixel, 0xRRGGBB, row by row. */
  readonly pixels: Uint32Array
}

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

/** Reads what Chromium writes: 8 bits a channel, RGB or RGBA, not interlaced. Throws on others. */
export function decodePng(file: Buffer): Picture {
  const parts = new Map<string, Buffer[]>()
  for (let at = signature.length; at < file.length;) {
    const length = file.readUInt32BE(at)
    const name = file.toString('latin1', at + 4, at + 8)
    parts.set(name, [...(parts.get(name) ?? []), file.subarray(at + 8, at + 8 + length)])
    at += length + 12
  }
  const [header] = parts.get('IHDR') ?? []
  if (!header || header[8] !== 8 || header[12] !== 0) throw new Error('this PNG is of another kind')
  const width = header.readUInt32BE(0)
  const height = header.readUInt32BE(4)
  const channels = header[9] === 6 ? 4 : 3
  const bytes = unfilter(inflateSync(Buffer.concat(parts.get('IDAT') ?? [])), width, channels)
  const pixels = new Uint32Array(width * height)
  for (let pixel = 0; pixel < pixels.length; pixel++) {
    pixels[pixel] = bytes.readUIntBE(pixel * channels, 3)
  }
  return { width, height, pixels }
}

/** Writes a picture of at most 256 colours; `indices` names the colour of each pixel. */
export function encodePng(
  { width, height }: Picture,
  palette: readonly number[],
  indices: Uint8Array,
): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 3], 8)
  const colours = Buffer.alloc(palette.length * 3)
  palette.forEach((colour, index) => colours.writeUIntBE(colour, index * 3, 3))
  // Each row begins with the number of its filter: none, since indices are no shades.
  const rows = Buffer.alloc(height * (width + 1))
  for (let y = 0; y < height; y++) {
    rows.set(indices.subarray(y * width, (y + 1) * width), y * (width + 1) + 1)
  }
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('PLTE', colours),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(name: string, content: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(name, 'latin1'), content])
  const whole = Buffer.alloc(named.length + 8)
  whole.writeUInt32BE(content.length, 0)
  whole.set(named, 4)
  whole.writeUInt32BE(crc32(named), named.length + 4)
  return whole
}

/** Undoes the five row filters of the PNG specification, section 9. */
function unfilter(raw: Buffer, width: number, channels: number): Buffer {
  const stride = width * channels
  const bytes = Buffer.alloc((raw.length / (stride + 1)) * stride)
  for (let row = 0; row * stride < bytes.length; row++) {
    const filter = raw[row * (stride + 1)] ?? 0
    for (let column = 0; column < stride; column++) {
      const at = row * stride + column
      const left = column >= channels ? (bytes[at - channels] ?? 0) : 0
      const up = row > 0 ? (bytes[at - stride] ?? 0) : 0
      const corner = row > 0 && column >= channels ? (bytes[at - stride - channels] ?? 0) : 0
      const predicted = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter] ?? 0
      bytes[at] = (raw[row * (stride + 1) + 1 + column] ?? 0) + predicted
    }
  }
  return bytes
}

function paeth(left: number, up: number, corner: number): number {
  const estimate = left + up - corner
  const distances = [left, up, corner].map(value => Math.abs(estimate - value))
  const nearest = Math.min(...distances)
  return [left, up, corner][distances.indexOf(nearest)] ?? 0
}
