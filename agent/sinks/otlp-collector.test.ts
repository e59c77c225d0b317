import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { freePorts } from '../../ci/ports.ts'
import { toolPath } from '../../ci/tools/tool.ts'
import { agentBatches } from './conformance-sender.ts'
import { decodeOtlp, pointsOf } from './otlp-decode.ts'
import { otlpEncoder } from './otlp-encode.ts'
import { otlpSenderTo } from './otlp-sender.ts'
import { until } from './write-receiver.ts'

const Points = z.object({
  dataPoints: z.array(
    z.object({
      attributes: z.array(z.object({ key: z.string() })).default([]),
      startTimeUnixNano: z.string().optional(),
      timeUnixNano: z.string(),
      asInt: z.string().optional(),
      asDouble: z.number().optional(),
      flags: z.number().default(0),
    }),
  ),
})
const Line = z.object({
  resourceMetrics: z.array(
    z.object({
      scopeMetrics: z.array(
        z.object({
          metrics: z.array(
            z.object({ name: z.string(), sum: Points.optional(), gauge: Points.optional() }),
          ),
        }),
      ),
    }),
  ),
})

/** An OpenTelemetry Collector on loopback that writes what it takes to a file. */
async function collector() {
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
    lines: async () => {
      const text = existsSync(taken) ? await readFile(taken, 'utf8') : ''
      // What follows the last line break is being written.
      const whole = text.split('\n').slice(0, -1)
      return whole.map(line => Line.parse(JSON.parse(line)))
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await ended
      await rm(folder, { recursive: true })
    },
  }
}

test.for(['http', 'grpc'] as const)(
  'an OpenTelemetry Collector takes over %s everything that an agent offers, as it was meant',
  async protocol => {
    await using receiver = await collector()
    const target = otlpSenderTo(receiver.endpoints[protocol], { protocol })
    const batches = agentBatches()
    for (const batch of batches) target.offer(batch)
    const encode = otlpEncoder({ version: '1.2.3', isKubernetes: false, maxBytes: 4_194_304 })
    const expected = batches.flatMap(batch =>
      pointsOf(decodeOtlp(encode(batch) ?? Buffer.alloc(0))).map(({ metric, point }) =>
        [
          metric.name,
          point.attributes.length,
          point.start_time_unix_nano ?? '',
          point.time_unix_nano,
          point.as_int ?? point.as_double ?? 'ended',
          point.flags,
        ].join(' '),
      ),
    )
    const arrived = async () =>
      (await receiver.lines()).flatMap(({ resourceMetrics }) =>
        resourceMetrics.flatMap(({ scopeMetrics }) =>
          scopeMetrics.flatMap(({ metrics }) =>
            metrics.flatMap(({ name, sum, gauge }) =>
              ((sum ?? gauge)?.dataPoints ?? []).map(point =>
                [
                  name,
                  point.attributes.length,
                  point.startTimeUnixNano ?? '',
                  point.timeUnixNano,
                  point.asInt ?? point.asDouble ?? 'ended',
                  point.flags,
                ].join(' '),
              ),
            ),
          ),
        ),
      )
    await until(async () => (await arrived()).length >= expected.length)
    expect((await arrived()).toSorted()).toEqual(expected.toSorted())
    await target[Symbol.asyncDispose]()
  },
)
