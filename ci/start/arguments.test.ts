import { expect, test } from 'vitest'
import { help, parseArguments } from './arguments.ts'

test('without options it runs until it is interrupted, without traffic of its own', () => {
  expect(parseArguments([])).toEqual({ withTraffic: false, asJson: false, wantsHelp: false })
})

test('every option of the help text is understood', () => {
  const argv = ['--traffic', '--for', '30s', '--json', '--counts', 'counts.json', '--help']
  for (const option of argv.filter(word => word.startsWith('--'))) expect(help).toContain(option)
  expect(parseArguments(argv)).toEqual({
    withTraffic: true,
    forMs: 30_000,
    asJson: true,
    countsFile: 'counts.json',
    wantsHelp: true,
  })
})

test.each([
  ['1s', 1_000],
  ['5m', 300_000],
  ['24h', 86_400_000],
])('--for %s is %d ms', (text, forMs) => {
  expect(parseArguments([`--for=${text}`]).forMs).toBe(forMs)
})

test.each([
  [['--trafic'], '--trafic: unknown option'],
  [['-x'], '-x: unknown option'],
  [['--no-json'], '--no-json: unknown option'],
  [['30s'], '30s: not an option'],
  [['--json=yes'], '--json: takes no value, got yes'],
  [['--for'], '--for: a value is missing'],
  [['--for='], '--for: a value is missing'],
  [['--for', '--json'], '--for: a value is missing'],
  [['--for', '30'], '--for: 30 is no duration'],
  [['--for', '0s'], '--for: 0s is no duration'],
  [['--for', '25h'], '--for: 25h is no duration'],
  [['--for', '1.5m'], '--for: 1.5m is no duration'],
  [['--counts', 'x.json'], '--counts: only the talkers of --traffic count'],
])('%j is refused in one line that names it', (argv, message) => {
  expect(() => parseArguments(argv)).toThrow(message)
  expect(() => parseArguments(argv)).toThrow(/^[^\n]+$/)
})
