import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Files by name, as the kubelet mounts a Secret: links through `..data`, which is swapped in one step. */
export type MountedSecret = Disposable & {
  readonly file: (name: string) => string
  readonly update: (files: Readonly<Record<string, string>>) => void
}

export function mountSecret(files: Readonly<Record<string, string>>): MountedSecret {
  const folder = mkdtempSync(join(tmpdir(), 'podatlas-mounted-'))
  const at = (name: string) => join(folder, name)
  let versions = 0
  function update(next: Readonly<Record<string, string>>): void {
    versions += 1
    const version = `..version-${versions}`
    mkdirSync(at(version))
    for (const [name, content] of Object.entries(next))
      writeFileSync(join(at(version), name), content)
    symlinkSync(version, at('..data_tmp'))
    renameSync(at('..data_tmp'), at('..data'))
    if (versions > 1) rmSync(at(`..version-${versions - 1}`), { recursive: true })
  }
  update(files)
  for (const name of Object.keys(files)) symlinkSync(join('..data', name), at(name))
  return { file: at, update, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) }
}
