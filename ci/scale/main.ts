import { subscribe } from 'node:diagnostics_channel'
import { readFileSync } from 'node:fs'
import { ClientRequest } from 'node:http'
import { realPrometheus } from '../../agent/sinks/test/real-prometheus.ts'
import { startRing } from './ring.ts'
import { SERIES_PER_TARGET, INTERVAL_MS, simulatedNode, sum } from './simulated-node.ts'
import { untilTaken } from './until-taken.ts'

// npm run bench:scale: what a node costs its receivers, and what a thousand would. Bytes and requests are
// counted where Node sends them, memory is what the receivers' processes hold.
const NODES = 21
const SERIES = 5_000
const TICKS = 12

const sent = { requests: 0, bytes: 0 }
subscribe('http.client.response.finish', message => {
  const request = requestOf(message)
  if (!request) return
  sent.requests += 1
  sent.bytes += Number(request.getHeader('content-length') ?? 0)
})

const rows: Record<string, Record<string, number>> = {}
{
  await using ring = await startRing()
  const endpoints = ring.receivers.map(({ endpoint }) => endpoint)
  rows['Thanos Receive (1.0)'] = await measure(NODES, endpoints)
  const residentMB = ring.receivers.map(({ pid }) => residentBytes(pid()) / 1e6)
  console.log(JSON.stringify({ receivers: 3, replication: 3, series: NODES * SERIES, residentMB }))
}
{
  await using prometheus = await realPrometheus()
  rows['Prometheus 3.16 (2.0)'] = await measure(1, [prometheus.endpoint])
}
console.table(rows)

/** Per node, of full intervals: the first one also says which version is spoken, and begins every series. */
async function measure(count: number, endpoints: readonly string[]) {
  const startMs = Date.now() - TICKS * INTERVAL_MS
  const nodes = await Promise.all(
    Array.from({ length: count }, (_, index) =>
      simulatedNode({
        cluster: 'berlin',
        nodeName: `node-${index}`,
        targets: SERIES / SERIES_PER_TARGET,
        sinks: { main: { type: 'prometheus', endpoint: endpoints[index % endpoints.length] } },
      }),
    ),
  )
  const samples = () => nodes.reduce((total, node) => total + node.offered(), 0)
  let before = { ...sent, samples: 0 }
  for (let tick = 1; tick <= TICKS; tick++) {
    for (const node of nodes) node.tick(startMs + tick * INTERVAL_MS)
    await untilTaken(nodes)
    if (tick === 1) before = { ...sent, samples: samples() }
  }
  const dropped = nodes.reduce((total, node) => total + sum(node.telemetry.sinkSamplesDropped), 0)
  if (dropped > 0) throw new Error(`${dropped} samples were dropped`)
  await Promise.all(nodes.map(node => node[Symbol.asyncDispose]()))
  const seconds = ((TICKS - 1) * INTERVAL_MS) / 1_000
  const per = (total: number) => Math.round((total / count / seconds) * 10) / 10
  return {
    'samples/s per node': per(samples() - before.samples),
    'requests/min per node': per(60 * (sent.requests - before.requests)),
    'bytes/s per node': per(sent.bytes - before.bytes),
    'bytes per sample':
      Math.round((10 * (sent.bytes - before.bytes)) / (samples() - before.samples)) / 10,
    'requests/s of 1,000 nodes': Math.round(
      (1_000 * per(60 * (sent.requests - before.requests))) / 60,
    ),
    'MB/s of 1,000 nodes': Math.round(per(sent.bytes - before.bytes) / 100) / 10,
  }
}

function residentBytes(pid: number): number {
  const [, kilobytes] =
    /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) * 1_024
}

function requestOf(message: unknown): ClientRequest | undefined {
  if (typeof message !== 'object' || message === null || !('request' in message)) return undefined
  return message.request instanceof ClientRequest ? message.request : undefined
}
