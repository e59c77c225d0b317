import { mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bareMachine, goThat, run } from './setup.d/bare-machine.ts'

test('where nothing is missing it does nothing and says nothing', async () => {
  const setup = join(import.meta.dirname, 'setup')
  const [exitCode, said] = await run(setup, ['start'], process.env)
  expect([exitCode, said]).toEqual([0, ''])
})

test('without root, one error names each missing package and the command that installs them', async () => {
  await using machine = await bareMachine(['apt-get'])
  const [exitCode, said] = await machine.setup('start')
  expect(exitCode).toBe(1)
  expect(said).toBe(`ci/setup: this machine lacks something:
  Packages, to be installed as root, by:
    apt-get update && apt-get install -y --no-install-recommends clang prometheus
`)
})

test('without apt-get the packages are named all the same', async () => {
  await using machine = await bareMachine(['clang'])
  const [exitCode, said] = await machine.setup('start')
  expect(exitCode).toBe(1)
  expect(said).toMatch(/there is no apt-get here\): prometheus\n$/)
})

test('without apt-get it is also said that other kernels cannot be fetched', async () => {
  await using machine = await bareMachine(['clang'])
  const [exitCode, said] = await machine.setup('kernels')
  expect(exitCode).toBe(1)
  expect(said).toMatch(
    /\n {2}Debian's kernels, for npm run test:kernels: there is no apt-get here.*\n$/,
  )
})

test('what is missing beside packages stands in the same error', async () => {
  await using machine = await bareMachine(['apt-get', 'clang'])
  await machine.command('node', 'echo 18.19.0')
  await machine.command('go', 'echo "go.mod requires go >= 1.26.7 (running go 1.22.1)" >&2; exit 1')
  const [exitCode, said] = await machine.setup('start')
  expect(exitCode).toBe(1)
  expect(said).toMatch(/Node\.js 20 or newer .* is 18\.19\.0\n/)
  expect(said).toMatch(/A newer Go, .*requires go >= 1\.26\.7 \(running go 1\.22\.1\)\n/)
  expect(said).toMatch(/install -y --no-install-recommends prometheus\n$/)
})

test('two runs at a time build a tool once, and a third finds it there', async () => {
  await using machine = await bareMachine()
  await machine.command('go', goThat('sleep 1; echo built >> $HOME/builds; touch ../mmdb'))
  const both = await Promise.all([machine.setup('tool', 'mmdb'), machine.setup('tool', 'mmdb')])
  expect(both.map(([exitCode]) => exitCode)).toEqual([0, 0])
  expect(both.join('\n')).toContain('waiting for another run')
  expect(await machine.setup('tool', 'mmdb')).toEqual([0, ''])
  expect(await machine.read('builds')).toBe('built\n')
})

test('a build that fails shows the end of its log, and leaves nothing that looks built', async () => {
  await using machine = await bareMachine()
  await machine.command('go', goThat('echo "dial tcp: no such host"; exit 1'))
  const [exitCode, said] = await machine.setup('tool', 'mmdb')
  expect(exitCode).toBe(1)
  expect(said).toMatch(/building mmdb failed \(exit code 1\)\. The end of \/.*\.log:/)
  expect(said).toMatch(/ {2}dial tcp: no such host\n$/)
  const [again] = await machine.setup('tool', 'mmdb')
  expect(again).toBe(1)
})

test.each([
  ['is whole when it holds what the lock file names', { a: '1.0.0', b: '1.0.0' }, 0],
  ['is whole without optional packages of other platforms', { a: '1.0.0' }, 0],
  ['is not whole with another version', { a: '0.9.0' }, 1],
  ['is not whole without a package', {}, 1],
])('node_modules %s', async (_, installed, expected) => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'podatlas-setup-'))
  const packages = Object.entries(installed).map(([name, version]) => [name, { version }])
  const wanted = { '': {}, a: { version: '1.0.0' }, b: { version: '1.0.0', optional: true } }
  await mkdir(join(folder.path, 'node_modules'))
  await writeFile(join(folder.path, 'package-lock.json'), JSON.stringify({ packages: wanted }))
  await writeFile(
    join(folder.path, 'node_modules/.package-lock.json'),
    JSON.stringify({ packages: Object.fromEntries(packages) }),
  )
  const script = join(import.meta.dirname, 'setup.d/node-modules.mjs')
  const [exitCode] = await run(process.execPath, [script], process.env, folder.path)
  expect(exitCode).toBe(expected)
})
