import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export function sha256Of(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex')
}

export function writeJson(file: string, content: object): void {
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`)
}

/** Writes SHA256SUMS over all files of a folder, as `sha256sum --check` reads it. Gives its lines. */
export function writeSums(folder: string): string[] {
  const names = readdirSync(folder).toSorted()
  const lines = names.map(name => `${sha256Of(join(folder, name))}  ${name}`)
  writeFileSync(join(folder, 'SHA256SUMS'), `${lines.join('\n')}\n`)
  return lines
}
