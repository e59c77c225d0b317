import { join } from 'node:path'

/** A file that was built elsewhere: the machines of ci/vm have no compiler. Undefined where there is one. */
export function prebuilt(name: string): string | undefined {
  const folder = process.env['PODATLAS_PREBUILT']
  return folder === undefined ? undefined : join(folder, name)
}
