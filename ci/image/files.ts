import { chmodSync, copyFileSync, lstatSync, lutimesSync, mkdirSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Component } from './component.ts'

/** Copies a file to an absolute path below `root`, with the folders it needs. */
export function copyTo(root: string, source: string, target: string): void {
  mkdirSync(dirname(join(root, target)), { recursive: true })
  copyFileSync(source, join(root, target))
}

/** Copies the licences of packages to where Debian has them. */
export function copyNotices(root: string, components: readonly Component[]): void {
  for (const { name, notices } of components) {
    for (const notice of notices) {
      copyTo(root, notice, join('/usr/share/doc', name, notice.replace(/^.*\//, '')))
    }
  }
}

/** Gives everything below `root` the rights and times that it has on any machine, and tells the bytes of all files. */
export function level(root: string): number {
  let bytes = 0
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const { mode, size } = lstatSync(path)
    if (entry.isFile()) bytes += size
    if (!entry.isSymbolicLink())
      chmodSync(path, entry.isDirectory() || mode & 0o100 ? 0o755 : 0o644)
    lutimesSync(path, 0, 0)
  }
  chmodSync(root, 0o755)
  lutimesSync(root, 0, 0)
  return bytes
}
