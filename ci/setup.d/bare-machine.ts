import { spawn } from 'node:child_process'
import {
  access,
  chmod,
  chown,
  constants,
  cp,
  mkdir,
  mkdtempDisposable,
  readFile,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

const checkout = join(import.meta.dirname, '../..')
const isRoot = process.getuid?.() === 0
const nobody = 65_534
const ordinary =
  'bash cat cp cut dirname env flock getent grep head id mkdir mv paste rm sed sh sha256sum sleep sort tail touch tr uname'

/**
 * A user without rights on a machine that has little: ordinary commands, a Node, a Go and npm that
 * only answer for their version, and of `extra` each a command that does nothing. Of the checkout
 * there is a copy of what ci/setup reads.
 */
export async function bareMachine(extra: readonly string[] = []) {
  const folder = await mkdtempDisposable(join(tmpdir(), 'podatlas-setup-'))
  const bin = join(folder.path, 'bin')
  const home = join(folder.path, 'home')
  const copy = join(folder.path, 'checkout')
  await chmod(folder.path, 0o755)
  for (const path of [bin, home]) await mkdir(path)
  if (isRoot) await chown(home, nobody, nobody)
  for (const part of ['setup', 'setup.d', 'tools/dir.sh', 'tools/mmdb'])
    await cp(join(checkout, 'ci', part), join(copy, 'ci', part), { recursive: true })
  for (const name of ordinary.split(' ')) await symlink(await find(name), join(bin, name))

  async function command(name: string, script: string): Promise<void> {
    await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  }
  await command('node', 'echo 20.19.0')
  await command('npm', '')
  await command('go', goThat('exit 1'))
  for (const name of extra) await command(name, '')

  return {
    command,
    /** Runs ci/setup to its end: its exit code, and all that it says. */
    setup: (...words: string[]) => {
      const script = join(copy, 'ci/setup')
      const drop = ['--reuid', `${nobody}`, '--regid', `${nobody}`, '--clear-groups', script]
      const environment = { PATH: bin, HOME: home }
      return isRoot
        ? run('/usr/bin/setpriv', [...drop, ...words], environment)
        : run(script, words, environment)
    },
    read: (name: string) => readFile(join(home, name), 'utf8'),
    [Symbol.asyncDispose]: () => folder.remove(),
  }
}

/** The script of a Go that knows its version, and builds by this command, in a folder of the output. */
export function goThat(build: string): string {
  return `case $1 in env) echo go1.26.8 ;; build) ${build} ;; esac`
}

/** The exit code, and stdout and stderr as they came. */
export function run(
  program: string,
  words: readonly string[],
  environment: NodeJS.ProcessEnv,
  folder = checkout,
): Promise<[exitCode: number | null, said: string]> {
  const child = spawn(program, words, {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return new Promise((resolve, reject) => {
    let said = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (said += text))
    child.once('error', reject)
    child.once('close', exitCode => resolve([exitCode, said]))
  })
}

async function find(name: string): Promise<string> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, name)
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isThere) return path
  }
  throw new Error(`${name} is not in PATH`)
}
