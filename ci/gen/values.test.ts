import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { values } from './values.ts'

const chart = join(import.meta.dirname, '../../chart')
const [schemaFile] = await values()

type Parts = {
  readonly properties?: object
  readonly additionalProperties?: unknown
  readonly then?: unknown
  readonly else?: unknown
  readonly items?: unknown
}
const BLANK: Parts = {}

// Strict: an unknown keyword is an error, and Ajv's own keywords are those of draft-07, which every Helm reads. A property
// that only one branch restricts is what `then` is for.
const ajv = new Ajv({ strict: true, strictTypes: false, allErrors: true })
const validate = ajv.compile(JSON.parse(schemaFile?.content ?? ''))

test('no pattern has what the regular expressions of Helm do not know', () => {
  const patterns = [...(schemaFile?.content ?? '').matchAll(/"pattern": (".*")/g)]
  expect(patterns.length).toBeGreaterThan(10)
  for (const [, pattern = ''] of patterns)
    expect(JSON.parse(pattern)).not.toMatch(/\(\?[=!<]|\\[1-9]/)
})

test('every object with keys of ours is strict, but the one that all charts share', () => {
  expect(openObjects(JSON.parse(schemaFile?.content ?? ''))).toEqual(['/global'])
})

test('the values of the chart itself are accepted', () => {
  expect(validate(parse(readFileSync(join(chart, 'values.yaml'), 'utf8'))), say()).toBe(true)
})

test.each(globSync(join(chart, 'ci/*-values.yaml')).map(path => [basename(path), path] as const))(
  'what %s adds to the values of the chart is accepted',
  (_, path) => {
    const defaults: unknown = parse(readFileSync(join(chart, 'values.yaml'), 'utf8'))
    const given: unknown = parse(readFileSync(path, 'utf8'))
    expect(validate(laidOver(defaults, given ?? {})), say()).toBe(true)
  },
)

test.each([
  ['an unknown key', { agents: {} }, '/', 'additional'],
  ['a sink of no type', { sinks: { main: {} } }, '/sinks/main', 'type'],
  [
    'a sink by a name that no volume can have',
    { sinks: { Main: { type: 'stdout' } } },
    '/sinks',
    'pattern',
  ],
  [
    'a header that is no text',
    { sinks: { main: { type: 'prometheus', headers: { a: 1 } } } },
    '/sinks/main/headers/a',
    'string',
  ],
  [
    'a credential that this type has not',
    { sinks: { main: { type: 'prometheus', credentials: { values: { tokn: 't' } } } } },
    '/sinks/main/credentials/values',
    'additional',
  ],
  [
    'a header whose name is no name of a file',
    { sinks: { main: { type: 'otlp', secretHeaders: { keys: { '../key': 'k' } } } } },
    '/sinks/main/secretHeaders/keys',
    'pattern',
  ],
  [
    'a file of a header, which the chart fills in',
    { sinks: { main: { type: 'otlp', headerFiles: { 'api-key': '/run/key' } } } },
    '/sinks/main',
    'additional',
  ],
  [
    'a budget below what the agent takes',
    { agent: { series: { budget: 10 } } },
    '/agent/series/budget',
    '>= 100',
  ],
  [
    'a label name with a hyphen',
    { geoip: { addressLabel: 'destination-ip' } },
    '/geoip/addressLabel',
    'pattern',
  ],
  [
    'a severity of its own',
    { rules: { alerts: { PodatlasNoData: { severity: 'page' } } } },
    '/rules/alerts/PodatlasNoData/severity',
    'allowed values',
  ],
])('%s is refused, by its path', (_, input, path, reason) => {
  expect(validate(input)).toBe(false)
  const faults = validate.errors?.map(
    ({ instancePath, message }) => `${instancePath || '/'} ${message}`,
  )
  expect(faults?.filter(fault => fault.startsWith(`${path} `)).join()).toContain(reason)
})

function say(): string {
  return ajv.errorsText(validate.errors)
}

/** Values over others as Helm lays them: map by map, and a key that is null goes. */
function laidOver(under: unknown, over: unknown): unknown {
  if (!isMap(under) || !isMap(over)) return over
  const all = new Map(Object.entries(under))
  for (const [key, value] of Object.entries(over))
    if (value === null) all.delete(key)
    else all.set(key, laidOver(all.get(key), value))
  return Object.fromEntries(all)
}

function isMap(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Paths of objects that have keys of their own and take any others. What `if` looks at is no object of ours. */
function openObjects(schema: unknown, path = ''): string[] {
  if (typeof schema !== 'object' || schema === null) return []
  const { properties, additionalProperties, then, else: otherwise, items } = { ...BLANK, ...schema }
  // Strict in each of its branches.
  const isOpen = properties !== undefined && additionalProperties !== false && then === undefined
  const inner = Object.entries(properties ?? {}).flatMap(([key, one]) =>
    openObjects(one, `${path}/${key}`),
  )
  const rest = [additionalProperties, items].flatMap(one => openObjects(one, `${path}/*`))
  const branches = [then, otherwise].flatMap(one => openObjects(one, path))
  return [...(isOpen ? [path] : []), ...inner, ...rest, ...branches]
}
