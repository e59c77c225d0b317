import { join } from 'node:path'

/** True in the machines of ci/vm, which are some ten times slower. */
export function isEmulated(): boolean {
  return prebuilt('') !== undefined
}

/** A file that was built elsewhere: the machines of ci/vm have no compiler. Undefined where there is one. */
export function prebuilt(name: string): string | undefined {
  const folder = process.env['PODATLAS_PREBUILT']
  return folder === undefined ? undefined : join(folder, name)
}
