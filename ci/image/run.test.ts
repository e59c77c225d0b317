import { expect, test } from 'vitest'
import { run } from './run.ts'

test('a command that fails is told with its arguments, its exit code and its last words', async () => {
  const failing = run('sh', ['-c', 'echo the disk is full >&2; exit 4'])
  await expect(failing).rejects.toThrow(/^sh -c .* ended with 4:\nthe disk is full$/)
})

test('a command that is missing is told by its name', async () => {
  await expect(run('no-such-command', [])).rejects.toThrow('no-such-command')
})

test('input reaches the command, output comes back', async () => {
  expect(await run('cat', [], 'places')).toBe('places')
})
