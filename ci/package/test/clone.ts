import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempDisposableSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { run } from '../../image/run.ts'

const checkout = join(import.meta.dirname, '../../..')

/** A folder beside the packages of npm, so that they can be linked; it is removed with all that is in it. */
export function roomForClones() {
  return mkdtempDisposableSync(join(checkout, '.clones-'))
}

/** What differs between machines, and must not show. */
type Surroundings = { readonly umask: string; readonly timezone: string }

/**
 * Clones the commit that is checked out into `folder`, and packages it there. Gives the folder of the release.
 * Errors: the last words of npm run package.
 */
export async function packageClone(
  folder: string,
  { umask, timezone }: Surroundings,
): Promise<string> {
  const temporary = join(folder, 'tmp')
  const clone = join(folder, 'clone')
  mkdirSync(temporary, { recursive: true })
  execFileSync('git', ['clone', '--quiet', checkout, clone])
  // Hard links, as 761 MB take a while.
  execFileSync('cp', ['-al', join(checkout, 'node_modules'), clone])
  const output = join(folder, 'release')
  const path = [join(clone, 'node_modules/.bin'), process.env['PATH']].join(delimiter)
  const environment = [`TZ=${timezone}`, `TMPDIR=${temporary}`, `PATH=${path}`]
  const command = `umask ${umask}; cd '${clone}' && exec node ci/package/main.ts --output '${output}'`
  await run('env', [...environment, 'sh', '-c', command])
  return output
}
