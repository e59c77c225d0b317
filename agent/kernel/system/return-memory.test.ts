import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'

const PROGRAM = `
import { readFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { returnMemory } from './return-memory.ts'
const fileBytes = () => Number(/RssFile:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024
const work = () => createHash('sha256').update(JSON.stringify(new Intl.NumberFormat('en').format(1e9))).digest('hex')
let garbage = Array.from({ length: 200_000 }, (_, i) => ({ i }))
const [before, said] = [fileBytes(), work()]
garbage = undefined
const used = process.memoryUsage().heapUsed
returnMemory()
const after = fileBytes()
const freed = used - process.memoryUsage().heapUsed
console.log(JSON.stringify({ returned: before - after, freed, isSame: work() === said }))
`

test('memory that is not used is returned, and the process goes on as before', () => {
  const said = execFileSync(
    process.execPath,
    ['--expose-gc', '--input-type=module-typescript', '--eval', PROGRAM],
    { cwd: import.meta.dirname, encoding: 'utf8' },
  )
  const { returned, freed, isSame } = JSON.parse(said)
  expect(isSame).toBe(true)
  expect(returned).toBeGreaterThan(5e6)
  expect(freed).toBeGreaterThan(5e6)
})
