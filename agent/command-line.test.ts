import { expect, test } from 'vitest'
import { HELP, parseCommandLine, UsageError } from './command-line.ts'
import { sinkSchemas } from './sinks/options.ts'

test('the command lines of 2021 are understood', () => {
  const endpoint = 'http://prometheus:9090/api/v1/write?tenant=a=b'
  const args = ['--bytecode', '/opt/x.o', '-vv', '--verbose', '--sink']
  expect(
    parseCommandLine([...args, `prometheus,endpoint=${endpoint},username=u,password=p=q`]),
  ).toEqual({
    command: 'run',
    settings: {
      kernel: { bytecode: '/opt/x.o' },
      sinks: { prometheus: { type: 'prometheus', endpoint, username: 'u', password: 'p=q' } },
    },
    verbosity: 3,
    wantsHelp: false,
  })
})

test('the sink newrelic of 2021 is understood', () => {
  const spec = 'newrelic,account=1234567,key=eu01xxNRAL=,region=eu'
  expect(parseCommandLine(['--sink', spec]).settings).toEqual({
    sinks: {
      newrelic: { type: 'newrelic', account: '1234567', key: 'eu01xxNRAL=', region: 'eu' },
    },
  })
  expect(HELP).toContain('newrelic,account=')
})

test('so is every type of sink, and the help names it', () => {
  for (const type of Object.keys(sinkSchemas)) {
    const { settings } = parseCommandLine(['--sink', type])
    expect(settings).toEqual({ sinks: { [type]: { type } } })
    expect(HELP).toMatch(new RegExp(`^ +${type}[,[]`, 'm'))
  }
  const spec = 'otlp,endpoint=http://otel-collector:4318,protocol=grpc'
  expect(parseCommandLine(['--sink', spec]).settings).toEqual({
    sinks: { otlp: { type: 'otlp', endpoint: 'http://otel-collector:4318', protocol: 'grpc' } },
  })
})

test('several sinks go by their type, further ones of a type by a number', () => {
  const args = ['--sink', 'stdout', '--sink=stdout,format=json', '--sink', 'stdout,queueLimit=7']
  expect(parseCommandLine(args).settings).toEqual({
    sinks: {
      stdout: { type: 'stdout' },
      'stdout-2': { type: 'stdout', format: 'json' },
      'stdout-3': { type: 'stdout', queueLimit: 7 },
    },
  })
})

test('a password of digits stays a text', () => {
  const { settings } = parseCommandLine(['--sink', 'prometheus,username=1,password=007'])
  expect(settings).toMatchObject({ sinks: { prometheus: { username: '1', password: '007' } } })
})

test.each([
  [['--sink', 'kafka'], '--sink: unknown sink "kafka". Use one of: stdout, prometheus'],
  [['--sink', 'toString'], '--sink: unknown sink "toString". Use one of: stdout, prometheus'],
  [
    ['--sink', 'stdout,colour=red'],
    '--sink stdout: unknown key "colour". Use one of: format, queueLimit',
  ],
  [
    ['--sink', 'prometheus,endpoint'],
    '--sink prometheus: "endpoint" has no value. Write endpoint=VALUE',
  ],
  [['--sink', 'stdout,type=prometheus'], '--sink stdout: unknown key "type". Use one of: format'],
  [['--sinks', 'stdout'], "Unknown option '--sinks'. See --help"],
  [['--interval'], "Option '--interval <value>' argument missing. See --help"],
  [['stdout'], "Unexpected argument 'stdout'. See --help"],
  [['check', 'unpin'], "Unexpected argument 'unpin'. See --help"],
])('%j is refused with the name of the fault and the fix', (args, message) => {
  expect(() => parseCommandLine(args)).toThrow(message)
})

test('what is wrong with several sinks is told at once, and of each the first: what follows may be part of a password', () => {
  const specs = [
    'kafka',
    'stdout,colour=red',
    'prometheus,endpoint=http://a.test,username=u,pasword=one,hunter2',
    'prometheus,endpoint=http://a.test,username=u,password=one,hunter2',
    'otlp,endpoint=http://a.test',
  ]
  const said = linesOf(() => parseCommandLine(specs.flatMap(spec => ['--sink', spec])))
  expect(said).toEqual([
    `--sink: unknown sink "kafka". Use one of: ${Object.keys(sinkSchemas).join(', ')}`,
    '--sink stdout: unknown key "colour". Use one of: format, queueLimit',
    expect.stringMatching(/^--sink prometheus: unknown key "pasword"\. Use one of: [^"]*$/),
    '--sink prometheus: no key follows password. Put values with spaces or commas into a file (--config)',
  ])
})

function linesOf(parse: () => unknown): string[] {
  try {
    parse()
    return []
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError)
    return error instanceof Error ? error.message.split('\n') : []
  }
}

test.each(['check', 'unpin'] as const)('%s stands before or after the options', command => {
  for (const args of [
    [command, '--udp', 'off'],
    ['--udp', 'off', command],
  ]) {
    expect(parseCommandLine(args)).toMatchObject({ command, settings: { udp: 'off' } })
  }
  expect(HELP).toContain(`  ${command} `)
})

test('the help names every option', () => {
  const options = HELP.match(/--[a-z-]+/g)
  for (const option of new Set(options)) {
    const withValue = ['--verbose', '--help'].includes(option) ? [option] : [option, 'stdout']
    expect(() => parseCommandLine(withValue)).not.toThrow()
  }
})
