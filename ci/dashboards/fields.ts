import { z } from 'zod'
import { linksOf, type Panel } from './read.ts'

const Names = z.record(z.string(), z.unknown()).default({})
const Organize = z.looseObject({
  excludeByName: Names,
  indexByName: Names,
  renameByName: z.record(z.string(), z.string()).default({}),
})
const Matrix = z.looseObject({
  columnField: z.string(),
  rowField: z.string(),
  valueField: z.string(),
})
const Map = z.looseObject({
  layers: z.array(
    z.looseObject({
      location: z.looseObject({
        lookup: z.string().optional(),
        latitude: z.string().optional(),
        longitude: z.string().optional(),
      }),
    }),
  ),
})

/**
 * What a panel asks for by name that its answers, with these labels, do not have: labels of legends, columns that are
 * renamed, overridden or drawn, and fields that links send along.
 */
export function missingFields(panel: Panel, labels: ReadonlySet<string>): string[] {
  const legends = panel.targets.flatMap(({ legendFormat = '' }) =>
    [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label),
  )
  const lines = namesIn(panel, /__field\.labels\.(\w+)/g)
  const { before, asked, after } = columns(panel, labels)
  const cells = namesIn(panel, /__data\.fields\.(\w+)/g)
  return [
    ...[...legends, ...lines].filter(name => !labels.has(name)),
    ...asked.filter(name => !before.has(name)),
    ...[...cells, ...overridden(panel)].filter(name => !after.has(name)),
  ]
}

/** The columns of a table before and after its transformations, and those that these ask for. */
function columns(panel: Panel, labels: ReadonlySet<string>) {
  const { targets, transformations, options } = panel
  const values = targets.map(({ refId }) => (targets.length > 1 ? `Value #${refId}` : 'Value'))
  const before = new Set(['Time', ...labels, ...values])
  const asked: (string | undefined)[] = []
  let after = before
  for (const { id, options: settings } of transformations) {
    if (id === 'organize') {
      const { excludeByName, indexByName, renameByName } = Organize.parse(settings)
      asked.push(...[excludeByName, indexByName, renameByName].flatMap(Object.keys))
      after = new Set([...before].map(name => renameByName[name] ?? name))
    }
    if (id === 'groupingToMatrix') {
      const { columnField, rowField, valueField } = Matrix.parse(settings)
      asked.push(columnField, rowField, valueField)
    }
  }
  if (panel.type === 'geomap')
    for (const { location } of Map.parse(options).layers)
      asked.push(location.lookup, location.latitude, location.longitude)
  return { before, asked: asked.filter(name => name !== undefined), after }
}

function overridden({ fieldConfig }: Panel): string[] {
  return fieldConfig.overrides
    .filter(({ matcher }) => matcher.id === 'byName')
    .map(({ matcher }) => String(matcher.options))
}

function namesIn(panel: Panel, pattern: RegExp): string[] {
  return linksOf(panel).flatMap(url => [...url.matchAll(pattern)].map(([, name = '']) => name))
}
