import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { values } from './values.ts'

const chart = join(import.meta.dirname, '../../chart')
const [schemaFile] = await values()

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

test('the values of the chart itself are accepted', () => {
  expect(validate(parse(readFileSync(join(chart, 'values.yaml'), 'utf8'))), say()).toBe(true)
})

test.each(globSync(join(chart, 'ci/*-values.yaml')).map(path => [basename(path), path] as const))(
  'what %s adds to a default sink is accepted',
  (_, path) => {
    const { sinks, ...rest } = { ...parse(readFileSync(path, 'utf8'), withoutNulls) }
    const merged = { type: 'prometheus', ...sinks?.default }
    expect(validate({ ...rest, sinks: { ...sinks, default: merged } }), say()).toBe(true)
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

/** Helm removes a key that is null before it looks at the schema. */
function withoutNulls(_: unknown, value: unknown): unknown {
  return value === null ? undefined : value
}
