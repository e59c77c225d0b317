import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import type { AttributedFlow } from '../../model.ts'
import { createTelemetry } from '../../telemetry.ts'
import { exampleFlow } from '../../test/example-flow.ts'
import { EXAMPLE_MS } from '../test/examples.ts'
import { batchesOf } from '../test/one-interval.ts'
import { StdoutOptions } from './options.ts'
import { stdoutTo } from './stdout.ts'

/** The lines that a person reads after one interval with these flows. */
async function printed(format: 'text' | 'table', flows: readonly AttributedFlow[]) {
  const stream = new PassThrough()
  const all = text(stream)
  const target = stdoutTo(() => stream)({
    name: 'debug',
    options: StdoutOptions.parse({ type: 'stdout', format }),
    version: '1.2.3',
    telemetry: createTelemetry('node-1', '1.2.3'),
    log: line => expect.fail(line),
  })
  for (const batch of batchesOf(flows, EXAMPLE_MS)) target.offer(batch)
  await target[Symbol.asyncDispose]()
  stream.end()
  return (await all).split('\n').map(line => line.replaceAll(/ +/g, ' ').trim())
}

const owner = { namespace: 'shop', pod: 'web-1', container: 'nginx' }
const flows = [
  exampleFlow({ owner, role: 'server', bytesSent: 40_000, bytesReceived: 2 }),
  exampleFlow({ owner, remoteAddress: '2001:db8::7', bytesReceived: 300, connectionsOpened: 4 }),
  exampleFlow({ remoteAddress: '198.51.100.9', protocol: 'udp', servicePort: 53, bytesSent: 20 }),
  exampleFlow({
    owner,
    remoteAddress: '203.0.113.1',
    failedRefused: 5,
    failedTimedOut: 6,
    resetByUs: 7,
    resetByPeer: 8,
    retransmits: 9,
    rttSumUs: 900,
    rttSamples: 3,
  }),
]

test('a line says who is the server, and writes a host process, IPv6 and every kind of amount', async () => {
  expect((await printed('text', flows)).toSorted()).toEqual([
    '',
    '2026-09-21T14:13:20Z (no container) -> 198.51.100.9:53 udp transmit_bytes +20',
    '2026-09-21T14:13:20Z shop/web-1/nginx -> 203.0.113.1:443 tcp connections_failed(refused) +5' +
      ' connections_failed(timed_out) +6 connections_reset(local) +7 connections_reset(remote) +8 tcp_retransmits +9',
    '2026-09-21T14:13:20Z shop/web-1/nginx -> [2001:db8::7]:443 tcp receive_bytes +300 connections_opened +4',
    '2026-09-21T14:13:20Z shop/web-1/nginx:443 <- 192.0.2.7 tcp transmit_bytes +40,000 receive_bytes +2',
  ])
})

test('a table says the same in columns, each amount in its own', async () => {
  const [time, ...rows] = await printed('table', flows)
  expect(time).toBe('2026-09-21T14:13:20Z')
  expect(rows).toEqual([
    'LOCAL REMOTE PROTOCOL SENT RECEIVED OPENED FAILED RESET RESENT',
    'shop/web-1/nginx:443 <- 192.0.2.7 tcp 40,000 2 0 0 0 0',
    'shop/web-1/nginx -> [2001:db8::7]:443 tcp 0 300 4 0 0 0',
    '(no container) -> 198.51.100.9:53 udp 20 0 0 0 0 0',
    'shop/web-1/nginx -> 203.0.113.1:443 tcp 0 0 0 11 15 9',
    '',
    '',
  ])
})
