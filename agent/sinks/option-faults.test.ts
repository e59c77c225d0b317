import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { readConfig } from '../config.ts'
import { poorLines } from '../test/fault-lines.ts'
import { sinkSchemas } from './options.ts'
import { mountSecret } from './test/mounted-secret.ts'

/** What no text, number, switch or group of settings may be, and nothing at all where it is written so. */
const NO_TEXT = [7, true, null, ['x'], { x: 1 }]
const NO_NUMBER = ['many', '', true, null, 1.5, 0, -1, [1], { x: 1 }]
const NO_SWITCH = ['yes', 1, null, [true], { x: 1 }]
const NO_GROUP = ['x', 7, true, null, ['x'], { unknown: 1 }]
const NO_DURATION = ['', 'soon', '5', '0s', '1000h', ...NO_TEXT]
const NO_URL = ['nowhere', 'prometheus:9090', 'ftp://example.com', 'http://', ...NO_TEXT]
const NO_HEADERS = ['x', 7, true, null, { 'X-One': 7 }, { 'X-One': null }, { Host: 'x' }]
const NO_FILE = ['/nowhere/at-all', '/tmp', ...NO_TEXT]

const tls = {
  caFile: NO_FILE,
  certFile: NO_FILE,
  keyFile: NO_FILE,
  serverName: NO_TEXT,
  insecureSkipVerify: NO_SWITCH,
}
const http = {
  endpoint: [...NO_URL, 'http://u:hunter2@example.com/'],
  headers: [...NO_HEADERS, { 'X-One': 'two\nlines' }, { 'no name': 'x' }],
  headerFiles: [...NO_HEADERS, { 'X-One': '' }, { 'X-One': '/nowhere/at-all' }],
  tls: NO_GROUP,
  proxyUrl: ['nowhere', 'socks5://proxy:1080', 'http://u:hunter2%@proxy', ...NO_TEXT],
  timeout: NO_DURATION,
}
const credentials = {
  username: [...NO_TEXT, 'alone', 'a:colon'],
  usernameFile: [...NO_FILE],
  password: [...NO_TEXT, 'hunter2'],
  passwordFile: NO_FILE,
  token: [...NO_TEXT, 'hunter2\nhunter2'],
  tokenFile: NO_FILE,
}
const spool = {
  enabled: NO_SWITCH,
  maxBytes: ['', 'much', '512', '1Mi', '2000Ti', ...NO_TEXT],
  maxAge: NO_DURATION,
}
const delivery = {
  queueLimit: NO_NUMBER,
  maxParallel: [...NO_NUMBER, 51],
  spool: NO_GROUP,
}

const delivered = { ...http, ...delivery, ...below('tls', tls), ...below('spool', spool) }

/** By type: settings that are good, and for each setting values that are not; `undefined`: it is missing. */
const SINKS: Record<
  keyof typeof sinkSchemas,
  { readonly good: object; readonly wrong: Readonly<Record<string, readonly unknown[]>> }
> = {
  stdout: {
    good: {},
    wrong: { format: ['yaml', ...NO_TEXT], queueLimit: NO_NUMBER },
  },
  prometheus: {
    good: { endpoint: 'https://example.com/write' },
    wrong: {
      ...delivered,
      ...credentials,
      endpoint: [undefined, ...http.endpoint],
      protocol: ['3.0', 3, '', true, null, ['2.0'], {}],
    },
  },
  otlp: {
    good: { endpoint: 'https://example.com' },
    wrong: {
      ...delivered,
      ...credentials,
      // `prometheus:9090` is a good one here.
      endpoint: [undefined, ...http.endpoint.filter(one => one !== 'prometheus:9090')],
      protocol: ['http2', '', ...NO_TEXT],
      compression: ['zstd', '', ...NO_TEXT],
    },
  },
  newrelic: {
    good: { account: 1_234_567, key: 'k' },
    wrong: {
      ...delivered,
      account: [undefined, 'mine', '', 0, -1, 1.5, true, null, [1], {}],
      key: [undefined, 'hunter2\nhunter2', ...NO_TEXT],
      keyFile: NO_FILE,
      region: ['APAC', '', ...NO_TEXT],
    },
  },
  scrape: {
    good: {},
    wrong: { path: ['', 'metrics', '/healthz', '/readyz', '/a b', ...NO_TEXT], created: NO_SWITCH },
  },
}

const cases = Object.entries(SINKS).flatMap(([type, { good, wrong }]) =>
  Object.entries(wrong).flatMap(([field, values]) =>
    values.map(value => ({
      type,
      field,
      value,
      shown: value === undefined ? 'nothing' : JSON.stringify(value),
      sink: withSetting({ type, ...good }, field.split('.'), value),
    })),
  ),
)

test.for(cases)('$type: $field: $shown is one fault, with its place and the fix', one => {
  const lines = said({ main: one.sink })
  const place = `sinks.main.${one.field}`
  const ofField = lines.filter(
    line => line.startsWith(`${place}: `) || line.startsWith(`${place}.`),
  )
  // Settings that go together, such as a user name and its password, may be told at the other one.
  const partners = lines.filter(line => /: (a|the) .* is set: set /.test(line))
  expect(ofField.length + partners.length, lines.join('\n')).toBeGreaterThan(0)
  expect(ofField, 'told twice').toEqual(ofField.filter(isFirstAtItsPlace))
  expect(lines.filter(line => !line.startsWith('sinks.main.'))).toEqual([])
  expect(poorLines(lines)).toEqual([])
  expect(lines.join()).not.toContain('hunter2')
})

describe.for(Object.entries(sinkSchemas))('%s', ([type, schema]) => {
  test('every setting has wrong values above', () => {
    const wrong = Object.entries(SINKS).find(([name]) => name === type)?.[1].wrong ?? {}
    const tested = Object.keys(wrong).toSorted(byText)
    expect(tested).toEqual(settingsIn(schema).toSorted(byText))
  })

  test('one of another name is told with the fix', () => {
    const good = Object.entries(SINKS).find(([name]) => name === type)?.[1].good
    expect(said({ main: { type, ...good, colour: 'hunter2' } })).toEqual([
      'sinks.main: unknown setting colour. Correct its spelling or remove it',
    ])
  })
})

test.for([
  [undefined, 'sinks.main.type: unknown sink. Use one of: '],
  ['kafka', 'sinks.main.type: unknown sink. Use one of: '],
  [7, 'sinks.main.type: unknown sink. Use one of: '],
])('a type that is %s is told with those that there are', ([type, text]) => {
  const [line, ...more] = said({ main: { type } })
  expect(line).toBe(`${text}${Object.keys(sinkSchemas).join(', ')}`)
  expect(more).toEqual([])
})

test.for([null, 'stdout', 7, ['stdout']])('a sink that is %j is told with the fix', sink => {
  const [line, ...more] = said({ main: sink })
  expect(line).toMatch(/^sinks\.main: is .*\. Write settings by their names/)
  expect(more).toEqual([])
})

test('a name that no sink can have is told with those that it can', () => {
  const name = '../elsewhere'
  expect(said({ [name]: { type: 'stdout' } })).toEqual([
    `sinks.${name}: use letters, digits, _, . and - in names`,
  ])
})

function below(
  group: string,
  wrong: Readonly<Record<string, readonly unknown[]>>,
): Record<string, readonly unknown[]> {
  return Object.fromEntries(
    Object.entries(wrong).map(([name, values]) => [`${group}.${name}`, values]),
  )
}

function withSetting(
  settings: Readonly<Record<string, unknown>>,
  [name = '', ...rest]: readonly string[],
  value: unknown,
): Record<string, unknown> {
  const { [name]: _, ...others } = settings
  if (rest.length > 0) return { ...others, [name]: withSetting({}, rest, value) }
  return value === undefined ? others : { ...others, [name]: value }
}

/** Names of settings, those of groups after a dot; that of the type is not one of them. */
function settingsIn(schema: z.ZodType): string[] {
  const { properties } = Tree.parse(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }))
  return Object.entries(properties ?? {})
    .filter(([name]) => name !== 'type')
    .flatMap(([name, one]) => [
      name,
      ...Object.keys(one.properties ?? {}).map(inner => `${name}.${inner}`),
    ])
}

const Group = z.object({ properties: z.record(z.string(), z.unknown()).optional() })
const Tree = z.object({ properties: z.record(z.string(), Group).optional() })

/** The faults that the agent tells as it starts with such sinks, by line. */
function said(sinks: object): string[] {
  using config = mountSecret({ 'agent.json': JSON.stringify({ sinks }) })
  const file = config.file('agent.json')
  try {
    readConfig(['--config', file], {})
    return []
  } catch (error) {
    const { message } = error instanceof Error ? error : new Error(String(error))
    return message.split('\n').map(line => line.replace(`${file}: `, ''))
  }
}

function isFirstAtItsPlace(line: string, index: number, lines: readonly string[]): boolean {
  return lines.findIndex(one => placeOf(one) === placeOf(line)) === index
}

function placeOf(line: string): string {
  return line.slice(0, line.indexOf(': '))
}

function byText(one: string, other: string): number {
  return one.localeCompare(other)
}
