import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Counter, Registry } from 'prom-client'
import protobuf from 'protobufjs'
import { compress } from 'snappyjs'
import { loadLibbpf } from '../../../agent/kernel/system/libbpf.ts'
import { flowKey, flowValue } from '../../../agent/kernel/wire.gen.ts'
import { decodeWriteRequest } from '../../../agent/sinks/test/write-request-decode.ts'
import { bpftool, mountBpffs } from '../bpftool.ts'
import { spreadOf, type Spread } from '../spread.ts'

/** What a flow becomes, each by its place among the counters of `struct flow_value`. */
const METRICS = ['bytes_sent', 'bytes_received', 'connections', 'rtt_us', 'rtts', 'rtt_min_us']
const LABELS = ['pod', 'namespace', 'container', 'destination', 'port', 'protocol', 'role'] as const

const { root } = protobuf.parse(`
  syntax = "proto3";
  message WriteRequest { repeated TimeSeries timeseries = 1; }
  message TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; }
  message Label { string name = 1; string value = 2; }
  message Sample { double value = 1; int64 timestamp = 2; }
`)

/**
 * A tick as one would write it first, on a real hash map of the kernel: three system calls per flow,
 * counters and their labels in prom-client, objects for protobufjs. Nothing is sent. Throws if what it
 * encoded is not what the map held.
 */
export async function naiveTicks(options: {
  readonly series: number
  readonly ticks: number
  /** As the agent's: what was not used for seconds is cold. */
  readonly everyMs: number
}): Promise<{ readonly cpuSeconds: Spread; readonly bytes: number }> {
  const flows = Math.ceil(options.series / METRICS.length)
  using bpffs = mountBpffs()
  const path = join(bpffs.path, 'naive')
  const sizes = ['key', `${flowKey.size}`, 'value', `${flowValue.size}`, 'entries', `${2 * flows}`]
  bpftool('map', 'create', path, 'type', 'hash', ...sizes, 'name', 'naive')
  const fd = loadLibbpf().openPinned(path)
  const registry = new Registry()
  const counters = METRICS.map(
    name => new Counter({ name, help: name, labelNames: LABELS, registers: [registry] }),
  )
  const seconds: number[] = []
  let request: Uint8Array = new Uint8Array()
  for (let tick = 0; tick < options.ticks; tick++) {
    fill(fd, flows)
    await sleep(options.everyMs)
    const before = process.cpuUsage()
    drainInto(fd, counters)
    request = encode(await registry.getMetricsAsJSON())
    const { user, system } = process.cpuUsage(before)
    seconds.push((user + system) / 1e6)
  }
  const sums = (await decodeWriteRequest(request)).reduce((sum, { value }) => sum + value, 0)
  const expected = (options.ticks * METRICS.length * flows * (flows + 1)) / 2
  if (sums !== expected) throw new Error(`the naive tick sent ${sums}, the map held ${expected}`)
  return { cpuSeconds: spreadOf(seconds), bytes: request.length }
}

/** Flow number n counts n in each of its counters. */
function fill(fd: number, flows: number): void {
  for (let flow = 1; flow <= flows; flow++) {
    const key = Uint32Array.of(flow, 0, 0, 0, 0xffff_0000, 0xc000_0200 + (flow % 256), flow, 0)
    const value = new Uint32Array(flowValue.size / 4)
    for (let metric = 0; metric < METRICS.length; metric++) value[2 * metric] = flow
    loadLibbpf().update(fd, key, value)
  }
}

function drainInto(fd: number, counters: readonly Counter<(typeof LABELS)[number]>[]): void {
  const libbpf = loadLibbpf()
  const key = new Uint32Array(flowKey.size / 4)
  const value = new Uint8Array(flowValue.size)
  const view = new DataView(value.buffer)
  while (libbpf.firstKey(fd, key) === 0) {
    libbpf.lookup(fd, key, value)
    libbpf.deleteEntry(fd, key)
    const [flow = 0] = key
    const labels = {
      pod: `shop-${flow}-7d9c5b6f4-x2x9k`,
      namespace: 'shop',
      container: 'server',
      destination: `192.0.2.${flow % 256}`,
      port: '443',
      protocol: 'tcp',
      role: 'client',
    }
    for (const [place, counter] of counters.entries())
      counter.inc(labels, Number(view.getBigUint64(8 * place, true)))
  }
}

function encode(metrics: Awaited<ReturnType<Registry['getMetricsAsJSON']>>): Uint8Array {
  const timestamp = Date.now()
  const timeseries = metrics.flatMap(({ name, values }) =>
    values.map(({ labels, value }) => ({
      labels: Object.entries({ __name__: name, ...labels }).map(([label, text]) => ({
        name: label,
        value: text,
      })),
      samples: [{ value, timestamp }],
    })),
  )
  const type = root.lookupType('WriteRequest')
  return compress(type.encode(type.create({ timeseries })).finish())
}
