import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { z } from 'zod'

const dashboardFolder = join(import.meta.dirname, '../../dashboards')

const Target = z.looseObject({
  refId: z.string(),
  datasource: z.unknown(),
  expr: z.string(),
  instant: z.boolean(),
  format: z.string().optional(),
  legendFormat: z.string().optional(),
})
const Override = z.looseObject({
  matcher: z.looseObject({ id: z.string(), options: z.unknown() }),
  properties: z.array(z.looseObject({ id: z.string(), value: z.unknown() })),
})
const Panel = z.looseObject({
  id: z.int(),
  type: z.string(),
  title: z.string().min(1),
  description: z.string().min(1),
  datasource: z.unknown(),
  gridPos: z.strictObject({ x: z.int(), y: z.int(), w: z.int(), h: z.int() }),
  targets: z.array(Target).min(1),
  options: z.looseObject({}),
  fieldConfig: z.looseObject({
    defaults: z.looseObject({
      unit: z.string(),
      min: z.number().optional(),
      noValue: z.string().optional(),
    }),
    overrides: z.array(Override),
  }),
  transformations: z
    .array(z.looseObject({ id: z.string(), options: z.looseObject({}) }))
    .default([]),
})
const Variable = z.looseObject({
  name: z.string(),
  type: z.string(),
  query: z.string(),
  datasource: z.unknown().optional(),
})
const Dashboard = z.looseObject({
  uid: z.string(),
  title: z.string(),
  description: z.string().min(1),
  panels: z.array(Panel).min(1),
  templating: z.strictObject({ list: z.array(Variable) }),
})
const Links = z.array(z.looseObject({ title: z.string(), url: z.string() }))

export type Target = z.output<typeof Target>
export type Panel = z.output<typeof Panel>
export type Variable = z.output<typeof Variable>
export type Dashboard = z.output<typeof Dashboard>

/** The dashboards as they are committed, by name; `json` is the file. */
export const dashboards = globSync(join(dashboardFolder, '*.json'))
  .toSorted()
  .map(path => {
    const json = readFileSync(path, 'utf8')
    return { name: basename(path, '.json'), json, dashboard: Dashboard.parse(JSON.parse(json)) }
  })

/** Addresses that a click in a panel leads to. */
export function linksOf({ fieldConfig }: Panel): string[] {
  return fieldConfig.overrides
    .flatMap(({ properties }) => properties)
    .filter(({ id }) => id === 'links')
    .flatMap(({ value }) => Links.parse(value))
    .map(({ url }) => url)
}

/** Variables that are queries: all but that of the data source. */
export function filtersOf({ templating }: Dashboard): Variable[] {
  return templating.list.filter(({ type }) => type === 'query')
}
