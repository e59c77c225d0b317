import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { bpfObject } from '../ci/bpf/object.ts'
import { mountBpffs } from './kernel/test/bpffs.ts'
import { ownerOf, startTraffic, type Service } from './kernel/test/traffic.ts'
import { realPrometheus } from './sinks/test/real-prometheus.ts'
import { startAgent, type AgentProcess } from './test/agent-process.ts'

// The real `node agent/main.ts` on the real kernel, pushing to the real Prometheus.

/** Five minutes' worth of ticks, at the default interval of 10 s. */
const TICKS_AWAY = 30
/** Shorter than the default, so that the five minutes pass in 30 s. */
const INTERVAL_MS = 1_000
const SENT = 'podatlas_transmit_bytes_total'
const RECEIVED = 'podatlas_receive_bytes_total'
/** Prometheus' own counters of samples that it refused, and of those that it took although they came out of order. */
const DISORDER =
  /^prometheus_tsdb_(?:out_of_order|out_of_bound|too_old|head_out_of_order)_samples(?:_appended)?_total\S* (\S+)$/gm

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'podatlas-outage-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('Prometheus away for 30 ticks, the agent killed twice meanwhile: increase() is what the senders counted', async () => {
  using bpffs = mountBpffs()
  await using prometheus = await realPrometheus([], undefined, {
    // As the chart has it.
    config: { storage: { tsdb: { out_of_order_time_window: '24h' } } },
    // `anchored`: without the extrapolation to the ends of the range, which no count can equal.
    args: ['--enable-feature=promql-extended-range-selectors'],
  })
  await using stack = new AsyncDisposableStack()
  const lives: AgentProcess[] = []
  const start = async (origin: string) => {
    const agent = stack.use(
      startAgent([
        `--sink=prometheus,endpoint=${prometheus.endpoint}`,
        '--sink=stdout,format=json',
        `--bytecode=${bpfObject()}`,
        '--listen=127.0.0.1:0',
        `--interval=${INTERVAL_MS / 1_000}s`,
        `--pin-directory=${bpffs.pinDirectory}`,
        `--spool-directory=${folder}`,
      ]),
    )
    lives.push(agent)
    await agent.waitFor('podatlas_agent_kernel_origin', { origin }, 1)
    return agent
  }
  let agent = await start('loaded')
  await using traffic = startTraffic('steady')
  await traffic.next() // it goes on
  await vi.waitFor(async () => expect(await increase(prometheus)).not.toEqual([]), 10_000)

  expect(await disorder(prometheus)).toEqual(new Set([0]))
  await prometheus.stop()
  for (let kills = 0; kills < 2; kills++) {
    await sleep((TICKS_AWAY * INTERVAL_MS) / 3)
    await agent.end('SIGKILL')
    agent = await start('adopted')
  }
  await sleep((TICKS_AWAY * INTERVAL_MS) / 3)
  await prometheus.restart()
  await sleep(3 * INTERVAL_MS)

  const services = await traffic.next() // it rests
  const counted = services.flatMap(countedOf).toSorted(byName)
  await vi.waitFor(async () => expect(await increase(prometheus)).toEqual(counted), {
    timeout: 30_000,
    interval: 500,
  })
  const series = await rawSeries(prometheus)
  expect(sumBy(series, ({ values }) => steps(values).sum)).toEqual(counted)
  expect(series.filter(({ values }) => steps(values).resets !== 2)).toEqual([])

  expect(await disorder(prometheus)).toEqual(new Set([0]))
  const lost = lives.flatMap(({ lines }) =>
    lines.filter(
      ({ name, value }) => name === 'podatlas_agent_sink_samples_dropped_total' && value,
    ),
  )
  expect(lost).toEqual([])
  await agent.end('SIGTERM')
  const bytes = counted.reduce((sum, one) => sum + one.bytes, 0)
  console.log(`${bytes} bytes in ${series.length} series, ${lives.length} lives, difference 0`)
})

type Prometheus = Awaited<ReturnType<typeof realPrometheus>>
type Labels = Readonly<Record<string, string>>
/** Bytes of one end of a service in one direction. */
type Count = { readonly name: string; readonly bytes: number }

/** The different values of these counters. */
async function disorder({ metrics }: Prometheus): Promise<Set<number>> {
  return new Set([...(await metrics()).matchAll(DISORDER)].map(([, value]) => Number(value)))
}

const ours = `{container_name=~"${ownerOf('(client|server)')}"}`

function countedOf({ port, client, server }: Service): Count[] {
  return Object.entries({ client, server }).flatMap(([role, { sent, received }]) => [
    { name: nameOf({ __name__: SENT, role, destination_port: `${port}` }), bytes: sent },
    { name: nameOf({ __name__: RECEIVED, role, destination_port: `${port}` }), bytes: received },
  ])
}

/** What PromQL says. */
async function increase({ query }: Prometheus): Promise<Count[]> {
  const answers = [SENT, RECEIVED].map(async metric => {
    const promql = `sum by (role, destination_port) (increase(${metric}${ours}[1h] anchored))`
    const found = await query(promql, Date.now())
    return found.map(({ metric: labels, value }) => ({
      name: nameOf({ ...labels, __name__: metric }),
      bytes: value,
    }))
  })
  return (await Promise.all(answers)).flat().toSorted(byName)
}

type RawSeries = { readonly labels: Labels; readonly values: readonly number[] }

/** Every sample as it is stored, by series, in the order of time. */
async function rawSeries({ samples }: Prometheus): Promise<RawSeries[]> {
  const selector = `{__name__=~"${SENT}|${RECEIVED}",${ours.slice(1)}`
  const found = Object.values(
    Object.groupBy(await samples(selector, Date.now()), ({ labels }) => JSON.stringify(labels)),
  )
  return found.map((all = []) => ({
    labels: Object.fromEntries(all[0]?.labels ?? []),
    values: all.map(({ value }) => value),
  }))
}

/** How far a counter went from its first value; where it falls it began anew from 0. */
function steps(values: readonly number[]): { readonly sum: number; readonly resets: number } {
  let [sum, resets] = [0, 0]
  for (const [index, value] of values.entries()) {
    const before = values[index - 1] ?? value
    sum += value < before ? value : value - before
    if (value < before) resets += 1
  }
  return { sum, resets }
}

function sumBy(series: readonly RawSeries[], bytesOf: (one: RawSeries) => number): Count[] {
  const sums = new Map<string, number>()
  for (const one of series) {
    const name = nameOf(one.labels)
    sums.set(name, (sums.get(name) ?? 0) + bytesOf(one))
  }
  return [...sums].map(([name, bytes]) => ({ name, bytes })).toSorted(byName)
}

function nameOf({ __name__, role, destination_port }: Labels): string {
  return `${__name__} of the ${role} at port ${destination_port}`
}

function byName(a: Count, b: Count): number {
  return a.name.localeCompare(b.name)
}
