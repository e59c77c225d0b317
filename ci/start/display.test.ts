import { expect, test } from 'vitest'
import { openDisplay } from './display.ts'
import { row } from './test/row.ts'

const page = 'http://127.0.0.1:8080/'
const connections = { generatedAt: null, problem: null, truncated: 0, rows: [row()] }

test('a terminal sees one table, drawn over itself, with the address of the page', () => {
  const terminal = fakeOutput({ isTTY: true, columns: 100, rows: 24 })
  const display = openDisplay({ page, farEnds: undefined, output: terminal.output })
  display.show(connections, 1_000)
  const lines = terminal.take().split('\n')
  expect(lines[0]).toBe(`${page}  1 place in 1 country, 1 s`)
  display.show(connections, 2_000)
  expect(terminal.take()).toMatch(new RegExp(`^\\u001b\\[${lines.length - 1}A\\u001b\\[J${page}`))
})

test.each([4, 10, 24])('a terminal of %d lines never scrolls', rows => {
  const terminal = fakeOutput({ isTTY: true, columns: 100, rows })
  const display = openDisplay({ page, farEnds: undefined, output: terminal.output })
  display.show({ ...connections, rows: Array.from({ length: 40 }, () => row()) }, 1_000)
  expect(terminal.take().split('\n').length).toBeLessThanOrEqual(Math.max(rows, 6))
})

test('a file gets a line for each new row, once, and the table now and then and at the end', () => {
  const file = fakeOutput({ isTTY: false })
  const display = openDisplay({ page, farEnds: undefined, output: file.output })
  display.show(connections, 1_000)
  expect(file.take()).toBe(
    'new: web.service → 198.51.100.20:443  São Paulo, Brazil  sent 1.5 kB/s, received 20 B/s\n',
  )
  display.show(connections, 2_000)
  expect(file.take()).toBe('')
  display.show({ ...connections, rows: [row(), row({ port: 22 })] }, 3_000)
  expect(file.take()).toMatch(/^new: web\.service → 198\.51\.100\.20:22 .*\n$/)
  display.show(connections, 31_000)
  expect(file.take()).toMatch(/^http.*31 s\nWHO .*\nweb\.service .*\n$/)
  display.end()
  expect(file.take()).toMatch(/^http.*31 s\nWHO .*\nweb\.service .*\n$/)
})

function fakeOutput(terminal: { isTTY: boolean; columns?: number; rows?: number }) {
  let written = ''
  return {
    output: {
      columns: 80,
      rows: 24,
      ...terminal,
      getColorDepth: () => 1,
      write: (text: string) => {
        written += text
        return true
      },
    },
    take: () => {
      const taken = written
      written = ''
      return taken
    },
  }
}
