import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { cacheDir } from '../tools/cache.ts'

const repository = join(import.meta.dirname, '../..')
const { packages } = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8'))
const folder = cacheDir('parts')

/** As Debian calls it, and OCI too. */
export type Architecture = 'amd64' | 'arm64'

export const ownArchitecture: Architecture = process.arch === 'arm64' ? 'arm64' : 'amd64'

const names = {
  amd64: { cpu: 'x64', triplet: 'x86_64-linux-gnu', loader: '/lib64/ld-linux-x86-64.so.2' },
  arm64: { cpu: 'arm64', triplet: 'aarch64-linux-gnu', loader: '/lib/ld-linux-aarch64.so.1' },
} as const

/** What ci/setup has laid ready for programs of this architecture. Throws an Error that names the command to fetch it. */
export function partsOf(architecture: Architecture) {
  const { cpu, ...others } = names[architecture]
  return {
    ...others,
    cpu,
    /** Folders of packages of npm. */
    node: npmPackage(architecture, `node-linux-${cpu}`, 'node'),
    koffi: npmPackage(architecture, `@koromix/koffi-linux-${cpu}`, 'koffi'),
    /** A folder with one of each package of Debian. */
    debian: inCache(`debian-${architecture}`),
  }
}

/** That of this machine's architecture belongs to another package, and lies below or beside it. */
function npmPackage(architecture: Architecture, name: string, owner: string): string {
  if (architecture === ownArchitecture) {
    const require = createRequire(join(repository, 'node_modules', owner, 'package.json'))
    return dirname(require.resolve(`${name}/package.json`))
  }
  const { version } = packages[`node_modules/${name}`]
  return inCache(`${name.replace(/^.*\//, '')}-${version}`)
}

function inCache(name: string): string {
  const path = join(folder, name)
  if (existsSync(path)) return path
  throw new Error(`${path} is missing. Run: ci/setup images`)
}
