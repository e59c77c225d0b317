import { join } from 'node:path'
import { Ajv } from 'ajv'
import { createGenerator } from 'ts-json-schema-generator'
import { z } from 'zod'

/** The types of grafana-types.ts by the `type` of a panel. */
const typeOf: Readonly<Record<string, string>> = {
  timeseries: 'Timeseries',
  table: 'Table',
  stat: 'Stat',
  bargauge: 'Bargauge',
  piechart: 'Piechart',
  geomap: 'Geomap',
  nodeGraph: 'NodeGraph',
  'status-history': 'StatusHistory',
  'state-timeline': 'StateTimeline',
}
const Typed = z.looseObject({ type: z.string() })
const JsonSchema = z.record(z.string(), z.unknown())
const Panels = z.looseObject({ panels: z.array(z.unknown()) })

/**
 * Makes a function that lists what Grafana would not understand of a dashboard, as `path: fault`. The schemas are made
 * from the types of Grafana's SDK, as strict as these are.
 */
export function grafanaSchema(): (dashboard: unknown) => string[] {
  const generator = createGenerator({
    path: join(import.meta.dirname, 'grafana-types.ts'),
    tsconfig: join(import.meta.dirname, '../../tsconfig.json'),
    type: '*',
    // Every plugin calls its types Options and FieldConfig, so a name stands for nothing.
    expose: 'none',
    topRef: false,
    skipTypeCheck: true,
    additionalProperties: false,
  })
  const ajv = new Ajv({ strict: false, allErrors: true })
  const validators = new Map(
    ['Frame', ...Object.values(typeOf)].map(type => [
      type,
      ajv.compile(JsonSchema.parse(generator.createSchema(type))),
    ]),
  )

  function faultsOf(type: string, value: unknown): string[] {
    const isValid = validators.get(type)
    if (!isValid || isValid(value)) return []
    return (isValid.errors ?? []).map(
      ({ instancePath, message, params }) =>
        `${instancePath}: ${message} ${JSON.stringify(params)}`,
    )
  }

  return dashboard => {
    const { panels, ...frame } = Panels.parse(dashboard)
    return [
      ...faultsOf('Frame', { ...frame, panels: [] }),
      ...panels.flatMap((panel, at) => {
        const type = typeOf[Typed.parse(panel).type]
        const faults = type === undefined ? [': no such type of panel'] : faultsOf(type, panel)
        return faults.map(fault => `/panels/${at}${fault}`)
      }),
    ]
  }
}
