import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { freePorts } from '../../../ci/ports.ts'
import { toolPath } from '../../../ci/tools/tool.ts'

const Value = z.union([
  z.strictObject({ stringValue: z.string() }),
  z.strictObject({ intValue: z.string() }),
  z.strictObject({
    arrayValue: z.object({ values: z.array(z.strictObject({ stringValue: z.string() })) }),
  }),
])
const Attributes = z.array(z.object({ key: z.string(), value: Value })).default([])
const Points = z.object({
  dataPoints: z.array(
    z.object({
      attributes: Attributes,
      startTimeUnixNano: z.string().optional(),
      timeUnixNano: z.string(),
      asInt: z.string().optional(),
      asDouble: z.number().optional(),
      flags: z.number().default(0),
    }),
  ),
})
const Sum = Points.extend({
  aggregationTemporality: z.number(),
  isMonotonic: z.boolean(),
})
const Line = z.object({
  resourceMetrics: z.array(
    z.object({
      resource: z.object({ attributes: Attributes }),
      scopeMetrics: z.array(
        z.object({
          scope: z.object({ name: z.string(), version: z.string() }),
          metrics: z.array(
            z.object({
              name: z.string(),
              description: z.string(),
              unit: z.string().default(''),
              sum: Sum.optional(),
              gauge: Points.optional(),
            }),
          ),
        }),
      ),
      schemaUrl: z.string(),
    }),
  ),
})

type Kind = 'gauge' | 'cumulative, monotonic' | 'another sum'

/** A point with everything that is said of it. */
export type Told = {
  readonly resource: Readonly<Record<string, unknown>>
  readonly schema: string
  readonly scope: { readonly name: string; readonly version: string }
  readonly metric: string
  readonly description: string
  readonly unit: string
  readonly kind: Kind
  readonly attributes: Readonly<Record<string, unknown>>
  readonly start: string
  readonly time: string
  readonly value: string | number
  readonly flags: number
}

/** An OpenTelemetry Collector on loopback that writes what it takes to a file. */
export async function realCollector() {
  const folder = await mkdtemp(join(tmpdir(), 'podatlas-otelcol-'))
  const [http = 0, grpc = 0] = await freePorts('any', 'any')
  const [config, taken] = [join(folder, 'config.json'), join(folder, 'taken.jsonl')]
  const protocols = {
    http: { endpoint: `127.0.0.1:${http}` },
    grpc: { endpoint: `127.0.0.1:${grpc}` },
  }
  await writeFile(
    config,
    JSON.stringify({
      receivers: { otlp: { protocols } },
      exporters: { file: { path: taken } },
      service: {
        telemetry: { metrics: { level: 'none' } },
        pipelines: { metrics: { receivers: ['otlp'], exporters: ['file'] } },
      },
    }),
  )
  const child = spawn(toolPath('otelcol'), ['--config', config], { stdio: 'ignore' })
  const ended = once(child, 'exit')
  return {
    endpoints: { http: `http://127.0.0.1:${http}`, grpc: `127.0.0.1:${grpc}` },
    /** Every point that it took. */
    told: async () => {
      const text = existsSync(taken) ? await readFile(taken, 'utf8') : ''
      // What follows the last line break is being written.
      const whole = text.split('\n').slice(0, -1)
      return whole.flatMap(line => toldBy(Line.parse(JSON.parse(line))))
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await ended
      await rm(folder, { recursive: true })
    },
  }
}

/** Of a metric; `temporality` by its number in OTLP. */
export function kindOf(
  sum: { readonly temporality: number; readonly isMonotonic: boolean } | undefined,
): Kind {
  if (!sum) return 'gauge'
  return sum.temporality === 2 && sum.isMonotonic ? 'cumulative, monotonic' : 'another sum'
}

/** What the Collector wrote down. */
function toldBy({ resourceMetrics }: z.output<typeof Line>): Told[] {
  return resourceMetrics.flatMap(({ resource, scopeMetrics, schemaUrl: schema }) =>
    scopeMetrics.flatMap(({ scope, metrics }) =>
      metrics.flatMap(({ name: metric, description, unit, sum, gauge }) =>
        ((sum ?? gauge)?.dataPoints ?? []).map(point => ({
          resource: valuesOf(resource.attributes),
          schema,
          scope,
          metric,
          description,
          unit,
          kind: kindOf(
            sum && { temporality: sum.aggregationTemporality, isMonotonic: sum.isMonotonic },
          ),
          attributes: valuesOf(point.attributes),
          start: point.startTimeUnixNano ?? '',
          time: point.timeUnixNano,
          // A whole number is a text in JSON, and so tells itself from a double.
          value: point.asInt ?? point.asDouble ?? 'ended',
          flags: point.flags,
        })),
      ),
    ),
  )
}

/** The same kept apart as there: a number of the protocol is a number here, a text a text. */
function valuesOf(attributes: z.output<typeof Attributes>): Told['attributes'] {
  return attributesBy(
    attributes.map(({ key, value }) => {
      if ('stringValue' in value) return [key, value.stringValue]
      if ('intValue' in value) return [key, Number(value.intValue)]
      return [key, value.arrayValue.values.map(one => one.stringValue)]
    }),
  )
}

/** In one order, whoever wrote them. */
export function attributesBy(pairs: readonly (readonly [string, unknown])[]): Told['attributes'] {
  return Object.fromEntries(pairs.toSorted(([one], [other]) => one.localeCompare(other)))
}
