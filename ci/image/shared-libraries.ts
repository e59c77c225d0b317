import { copyFileSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { run } from './run.ts'

/** Copies the shared libraries that these binaries load, and the loader itself, to the same paths below `root`. */
export async function copySharedLibraries(
  binaries: readonly string[],
  root: string,
): Promise<void> {
  const listing = await run('ldd', binaries)
  // "libz.so.1 => /lib/x86_64-linux-gnu/libz.so.1 (0x…)" or "/lib64/ld-linux-x86-64.so.2 (0x…)"
  const paths = new Set([...listing.matchAll(/(?:=> |^\s+)(\/\S+) \(0x/gm)].map(match => match[1]!))
  for (const path of paths) copyTo(root, path, path)
}

/** Where the machine keeps a library that is opened by name at run time, such as `libbpf.so.1`. */
export async function findLibrary(name: string): Promise<string> {
  const known = await run('ldconfig', ['-p'])
  const path = known
    .split('\n')
    .find(line => line.trimStart().startsWith(`${name} `))
    ?.split('=> ')[1]
  if (path) return path
  throw new Error(`${name} is not installed. Run: ci/setup cluster`)
}

/** Copies a file to an absolute path below `root`, with the folders it needs. */
export function copyTo(root: string, source: string, target: string): void {
  mkdirSync(dirname(join(root, target)), { recursive: true })
  copyFileSync(source, join(root, target))
}
