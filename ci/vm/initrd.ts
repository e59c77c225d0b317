import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

const REGULAR = 0o100_755
const FOLDER = 0o040_755

/**
 * Writes files, by their path in the machine, as what its kernel unpacks into its first file system
 * (a cpio archive, "newc"). Everything may be executed.
 */
export function writeInitrd(archive: string, files: ReadonlyMap<string, string>): void {
  const folders = new Set([...files.keys()].flatMap(path => foldersAbove(path)))
  const out = openSync(archive, 'w')
  try {
    let inode = 1
    for (const path of [...folders].toSorted()) {
      writeEntry(out, path, { inode: inode++, mode: FOLDER, content: nothing })
    }
    for (const [path, source] of files) {
      writeEntry(out, path, { inode: inode++, mode: REGULAR, content: readFileSync(source) })
    }
    writeEntry(out, 'TRAILER!!!', { inode: 0, mode: 0, content: nothing })
  } finally {
    closeSync(out)
  }
}

type Entry = { readonly inode: number; readonly mode: number; readonly content: Uint8Array }

const nothing = new Uint8Array()

function foldersAbove(path: string): string[] {
  const folder = dirname(path)
  return folder === '/' || folder === '.' ? [] : [...foldersAbove(folder), folder]
}

function writeEntry(out: number, path: string, { inode, mode, content }: Entry): void {
  // inode, mode, uid, gid, links, mtime, size, device and its own device twice, length of the name, checksum
  const name = `${path.replace(/^\//, '')}\0`
  const length = Buffer.byteLength(name)
  const fields = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, length, 0]
  const head = `070701${fields.map(field => field.toString(16).padStart(8, '0')).join('')}${name}`
  writeSync(out, padded(Buffer.from(head)))
  writeSync(out, padded(content))
}

/** Everything begins at a multiple of four bytes. */
function padded(bytes: Uint8Array): Uint8Array {
  return bytes.length % 4 === 0
    ? bytes
    : Buffer.concat([bytes, new Uint8Array(4 - (bytes.length % 4))])
}
