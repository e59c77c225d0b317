import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'

const PROGRAM = `
import { loadLibc } from './libc.ts'
process.on('exit', () => console.log('Node took its own way'))
console.log('said before')
loadLibc().exit(3)
`

test('the process ends at once with the code, after what it said, and not by way of Node', () => {
  const { status, stdout } = spawnSync(
    process.execPath,
    ['--input-type=module-typescript', '--eval', PROGRAM],
    { cwd: import.meta.dirname, encoding: 'utf8' },
  )
  expect({ status, stdout }).toEqual({ status: 3, stdout: 'said before\n' })
})
