import { expect, test } from 'vitest'
import { runAgent } from './test/agent-process.ts'

// On the real process: what a person sees who mistypes something.

test('a mistyped command line ends with exit code 2 and one line', async () => {
  expect(await runAgent(['--sink', 'prometheus,endpoint=prometheus:9090'])).toEqual({
    code: 2,
    stdout: '',
    stderr:
      'podatlas-agent: --sink prometheus endpoint: ' +
      'use a URL like http://prometheus:9090/api/v1/write\n',
  })
})

test('--help prints the options', async () => {
  const { code, stdout, stderr } = await runAgent(['--help'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/^Usage: .*--sink SPEC/s)
})

test('a machine without cgroup v2 at the given place is told so in one line', async () => {
  expect(await runAgent(['--cgroup-root', import.meta.dirname])).toEqual({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^podatlas-agent: cgroupRoot: no cgroup2 .*Mount one.*\n$/),
  })
})
