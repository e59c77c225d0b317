import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { z } from 'zod'
import { debianLicences, npmLicences } from './licences.ts'

/** Somebody's package of which something is in an image. */
export type Component = {
  readonly kind: 'npm' | 'deb'
  readonly name: string
  readonly version: string
  /** An expression of SPDX. */
  readonly license: string
  /** Where it is from and what it is, as a package URL. */
  readonly purl: string
  /** Of the package's archive, in hexadecimal digits. Node comes by a script of its package, and has none. */
  readonly checksum?: { readonly algorithm: 'SHA256' | 'SHA512'; readonly value: string }
  /** Files that the licence wants to be passed on. */
  readonly notices: readonly string[]
}

const repository = join(import.meta.dirname, '../..')
const { packages } = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8'))
type LockEntry = { readonly version: string; readonly integrity: string }
const NpmPackage = z.object({ name: z.string(), version: z.string(), license: z.string() })
const Control = z.object({
  Package: z.string(),
  Version: z.string(),
  Source: z.string().optional(),
  Architecture: z.string(),
  SHA256: z.string(),
  Origin: z.string(),
})

/** The packages of npm to which these files belong, each once. Paths are absolute or from the root of the repository. */
export function npmComponents(files: readonly string[]): Component[] {
  const folders = files
    .map(file => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(join(relative(repository, '.'), file)))
    .filter(match => match !== null)
    .map(([folder]) => folder)
  return [...new Set(folders)].toSorted().map(folder => npmComponent(join(repository, folder)))
}

/** The package of npm in this folder. Errors: its licence is no expression of SPDX. */
export function npmComponent(folder: string): Component {
  const text = readFileSync(join(folder, 'package.json'), 'utf8')
  const { name, version, license } = NpmPackage.parse(JSON.parse(text))
  const notices = readdirSync(folder)
    .filter(file => /^(licen[cs]e|copying|notice)|[-_]license$/i.test(file))
    .map(file => join(folder, file))
  const integrity = integrityOf(name, version)
  return {
    kind: 'npm',
    name,
    version,
    license: npmLicences[name] ?? license,
    purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
    ...(integrity && { checksum: { algorithm: 'SHA512', value: integrity } }),
    notices,
  }
}

/** What the lock file says of a package, wherever it is nested. */
function integrityOf(name: string, version: string): string | undefined {
  const found = Object.entries<LockEntry>(packages).find(
    ([path, entry]) => path.endsWith(`node_modules/${name}`) && entry.version === version,
  )
  const base64 = found?.[1].integrity.replace('sha512-', '')
  return base64 && Buffer.from(base64, 'base64').toString('hex')
}

/** The package of Debian in this folder. Errors: nobody has written down its licence. */
export function debianComponent(folder: string): Component {
  const control = readFileSync(join(folder, 'control'), 'utf8')
  const fields = Control.parse(
    Object.fromEntries(control.split('\n').map(line => line.split(': '))),
  )
  const { Package: name, Version: version, Architecture, Origin, Source = name, SHA256 } = fields
  const license = debianLicences[name.replace(/t64$/, '')]
  if (!license) throw new Error(`${name}: read its copyright, and add it to ci/image/licences.ts`)
  const qualifiers = `arch=${Architecture}&upstream=${Source.replace(/ .*/, '')}`
  return {
    kind: 'deb',
    name,
    version,
    license,
    purl: `pkg:deb/${Origin}/${name}@${encodeURIComponent(version)}?${qualifiers}`,
    checksum: { algorithm: 'SHA256', value: SHA256 },
    notices: [join(folder, 'copyright')],
  }
}
