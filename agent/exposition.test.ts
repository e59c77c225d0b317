import { execFileSync } from 'node:child_process'
import { Counter, Gauge, Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { toolPath } from '../ci/tools/tool.ts'
import { exposition } from './exposition.ts'
import { createRegistry } from './registry.ts'
import { createTelemetry } from './telemetry.ts'

const AWKWARD = ['', 'plain', 'a "quoted" one', String.raw`back\slash`, 'two\nlines', 'ünïcode {}']
const NUMBERS = [0, 1, -1.5, 1e21, 1e-7, 2 ** 53, Infinity, -Infinity]

test('the page is, byte for byte, what prom-client writes for the same metrics', async () => {
  const theirs = new Registry()
  theirs.setDefaultLabels({ source_host: 'node "1"' })
  const ours = createRegistry('test_', { source_host: 'node "1"' })
  const registers = [theirs]
  const help = 'First line\nand a \\ in the second'

  new Counter({ name: 'test_plain_total', help, registers }).inc(4)
  ours.counter('plain_total', help).inc(4)
  new Gauge({ name: 'test_untouched', help, registers }).reset()
  ours.gauge('untouched', help)
  new Counter({ name: 'test_unseen_total', help, labelNames: ['reason'], registers }).reset()
  ours.counter('unseen_total', help, ['reason'])

  const labelNames = ['sink', 'reason'] as const
  const theirCounter = new Counter({ name: 'test_labelled_total', help, labelNames, registers })
  const ourCounter = ours.counter('labelled_total', help, labelNames)
  for (const sink of AWKWARD)
    for (const reason of AWKWARD)
      for (const counter of [theirCounter, ourCounter]) {
        counter.inc({ sink, reason })
        counter.inc({ sink, reason }, 2.25)
      }
  const theirGauge = new Gauge({ name: 'test_gauge', help, labelNames: ['of'], registers })
  const ourGauge = ours.gauge('gauge', help, ['of'])
  for (const value of NUMBERS)
    for (const gauge of [theirGauge, ourGauge]) gauge.set({ of: String(value) }, value)
  for (const gauge of [theirGauge, ourGauge]) gauge.remove({ of: '0' })

  expect(exposition(ours)).toBe(await theirs.metrics())
})

test('promtool finds nothing to say about the page of the agent', () => {
  const { registry, ...metrics } = createTelemetry('node-1', '1.2.3')
  metrics.kernelDrops.inc({ reason: 'flows_full' }, 3)
  metrics.sinkFailures.inc({ sink: 'main "1"', reason: '503' })
  const promtool = toolPath('prometheus', 'promtool')
  const said = execFileSync(promtool, ['check', 'metrics'], { input: exposition(registry) })
  expect(said.toString()).toBe('')
})

test('a counter that would fall is a fault, not a number', () => {
  const { counter } = createRegistry('test_')
  const bytes = counter('bytes_total', 'Bytes', ['reason'])
  expect(() => bytes.inc({ reason: 'x' }, -1)).toThrow('bytes_total: a counter cannot grow by -1')
  expect(() => bytes.inc({ reason: 'x' }, Number.NaN)).toThrow(TypeError)
})
