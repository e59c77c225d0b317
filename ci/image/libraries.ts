import { globSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { type Component, debianComponent } from './component.ts'
import { copyTo } from './files.ts'
import { type Architecture, partsOf } from './parts.ts'
import { run } from './run.ts'

type Binaries = {
  /** Programs and libraries, as files. */
  readonly of: readonly string[]
  /** Libraries that are opened by name at run time, such as `libbpf.so.1`. */
  readonly opened?: readonly string[]
  /** What these programs load is there already. */
  readonly besides?: readonly string[]
}

/**
 * Copies the libraries that binaries load, and the loader itself, out of Debian's packages. Gives those packages.
 * Errors: none of the packages has one of them.
 */
export async function copyLibraries(
  root: string,
  architecture: Architecture,
  { of: binaries, opened = [], besides = [] }: Binaries,
): Promise<Component[]> {
  const { debian, loader, triplet } = partsOf(architecture)
  const here = new Map(globSync(`${debian}/*/*.so.*`).map(path => [basename(path), path]))
  const present = await closure(here, await neededBy(besides))
  const wanted = await closure(here, [...opened, ...(await neededBy(binaries))])
  const missing = wanted.filter(path => !present.includes(path)).toSorted()
  for (const path of missing) {
    const name = basename(path)
    copyTo(root, path, name === basename(loader) ? loader : `/usr/lib/${triplet}/${name}`)
  }
  return [...new Set(missing.map(path => dirname(path)))].map(debianComponent)
}

/** The files of these libraries and of all that they load themselves. */
async function closure(here: ReadonlyMap<string, string>, names: readonly string[]) {
  const found = new Set<string>()
  for (let open = names; open.length > 0;) {
    const paths = open.map(name => {
      const path = here.get(name)
      if (path) return path
      throw new Error(`${name}: add its package to debian_libraries in ci/setup.d/parts.sh`)
    })
    for (const path of paths) found.add(path)
    open = (await neededBy(paths)).filter(name => !found.has(here.get(name) ?? ''))
  }
  return [...found]
}

/** Names of libraries, of any architecture: ldd would have to run the binaries. */
async function neededBy(binaries: readonly string[]): Promise<string[]> {
  if (binaries.length === 0) return []
  const listing = await run('readelf', ['--dynamic', '--wide', ...binaries])
  return [...new Set([...listing.matchAll(/\(NEEDED\).*\[(.+)\]/g)].map(([, name = '']) => name))]
}
