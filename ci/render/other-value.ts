import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import type { z } from 'zod'
import { chartFolder } from './helm.ts'

type Schema = z.core.JSONSchema.BaseSchema

/** A value of values.yaml: its keys from the root on. */
export type Leaf = { readonly path: readonly string[]; readonly value: unknown }

/** Every value that is no map with keys of its own. */
export function leavesOf(value: unknown, path: readonly string[] = []): Leaf[] {
  if (!isMap(value) || Object.keys(value).length === 0) return [{ path, value }]
  return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, [...path, key]))
}

// Where the schema knows less than the templates: names that there must be, and what belongs together.
const meant: Readonly<Record<string, unknown>> = {
  'cost.currency': 'EUR',
  'cost.pricePerGB': { internet: 1 },
  'dashboards.disabled': { 'podatlas-world': true },
  'geofence.policies': { changed: { deny: { countries: ['AQ'] } } },
  'prometheus.upstream.credentials.keys': { username: 'changed' },
  'prometheus.upstream.credentials.values': { token: 'changed' },
  'grafana.credentials.values': { password: 'changed' },
  extraObjects: { changed: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'changed' } } },
}

const texts = [
  'changed',
  'off',
  '7,7',
  '7s',
  '7h',
  '7GB',
  '7Gi',
  'https://changed.example.com',
  'Always',
  'stdout',
  'NodePort',
  '/mnt/changed/here',
  'hook-failed',
  'de',
  `sha256:${'7'.repeat(64)}`,
]
const entries = ['zone', 'role', 'changed', '192.0.2.0/24', { name: 'changed' }]
const maps = [
  { changed: { emptyDir: {} } },
  { changed: { query: 'up' } },
  { '/changed': { name: 'data' } },
  { changed: 'changed' },
  { changed: {} },
]

const ajv = new Ajv({ strict: false })
const root: Schema = JSON.parse(readFileSync(join(chartFolder, 'values.schema.json'), 'utf8'))

/** Another value in a leaf's place that the schema takes. Throws an Error where none comes to mind. */
export function otherValue({ path, value }: Leaf): unknown {
  const own = meant[path.join('.')]
  if (own !== undefined) return own
  const isTaken = ajv.compile(schemaAt(path))
  const other = candidates(value).find(one => one !== value && isTaken(one))
  if (other === undefined) throw new Error(`${path.join('.')}: no other value is known`)
  return other
}

function candidates(value: unknown): unknown[] {
  if (typeof value === 'boolean') return [!value]
  if (typeof value === 'number') return [value + 1, value - 1]
  if (typeof value === 'string') return texts
  if (Array.isArray(value)) return entries.map(entry => [...value, entry])
  return maps
}

/** The schema of a value; anything goes where it has none. */
function schemaAt(path: readonly string[]): Schema {
  let schema: Schema = root
  for (const key of path) {
    const { properties = {}, additionalProperties = {} } = schema
    const inner = properties[key] ?? additionalProperties
    schema = typeof inner === 'boolean' ? {} : inner
  }
  return schema
}

function isMap(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
