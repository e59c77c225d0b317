import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createTelemetry } from '../telemetry.ts'
import { openGrpc } from './grpc/grpc.ts'
import { openHttp } from './http/http.ts'
import { httpShape } from './http/options.ts'
import { OtlpOptions } from './otlp/options.ts'
import { otlp } from './otlp/otlp.ts'
import type { Receiver } from './test/contract.ts'
import { moment } from './test/deliveries.ts'
import { reading } from './test/examples.ts'
import { fullListener } from './test/full-listener.ts'
import { METHOD } from './test/grpc-server.ts'
import { otlpReceiver } from './test/otlp-receiver.ts'
import { endpointOf } from './test/receiver-truth.ts'
import { remoteWriteTarget } from './test/remote-write-target.ts'
import { until } from './test/write-receiver.ts'

const Options = z.object(httpShape('http://example.com/'))
const neverAborted = new AbortController().signal

/** One request, and the connections to who does not answer that are still being made afterwards. */
async function asked(protocol: string, settings: object, host: string) {
  const options = Options.parse({ ...settings, timeout: '200ms' })
  const body = Buffer.from('hello')
  if (protocol === 'HTTP') {
    using http = openHttp(options)
    const answer = await http.post({}, body, neverAborted)
    return { answer, left: connectingTo(host) }
  }
  using grpc = openGrpc(options, 'podatlas/1.2.3')
  const answer = await grpc.call(METHOD, body, false, neverAborted)
  return { answer, left: connectingTo(host) }
}

/** By the kernel's table: those whose SYN waits for an answer. */
function connectingTo(host: string): number {
  const port = Number(host.split(':')[1]).toString(16).toUpperCase().padStart(4, '0')
  const isOurs = (line: string) => line.includes(`:${port} 02 `)
  return readFileSync('/proc/net/tcp', 'utf8').split('\n').filter(isOurs).length
}

describe.each(['HTTP', 'gRPC'])('%s', protocol => {
  test.for<[string, (host: string) => object]>([
    ['the receiver', host => ({ endpoint: `http://${host}` })],
    ['the receiver, by TLS', host => ({ endpoint: `https://${host}` })],
    ['a proxy', host => ({ endpoint: 'http://far.test', proxyUrl: `http://${host}` })],
    ['a proxy, by TLS', host => ({ endpoint: 'http://far.test', proxyUrl: `https://${host}` })],
    ['a proxy, for TLS', host => ({ endpoint: 'https://far.test', proxyUrl: `http://${host}` })],
  ])(
    'where nobody answers the SYN of a connection to %s, time is up, nothing went out, and nothing is left behind',
    async ([, settings]) => {
      await using listener = await fullListener()
      const { host } = listener
      const { answer, left } = await asked(protocol, settings(host), host)
      expect(answer).toMatchObject({ fault: 'timeout', sentBytes: 0, isUnanswered: false })
      expect(answer.text).toContain('nothing in 0.2 s')
      expect(left).toBe(0)
    },
  )

  test('where nobody answers the greeting of TLS, nothing went out', async () => {
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    const server = createServer(socket => socket.on('error', () => undefined).on('close', resolve))
    server.on('connection', socket => socket.resume())
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('not listening on TCP')
    const host = `127.0.0.1:${address.port}`
    const { answer } = await asked(protocol, { endpoint: `https://${host}` }, host)
    expect(answer).toMatchObject({ fault: 'timeout', sentBytes: 0, isUnanswered: false })
    await closed
    server.close()
  })
})

function otlpTarget(protocol: 'http' | 'grpc'): () => Promise<Receiver> {
  return async () => {
    const receiver = await otlpReceiver(protocol)
    return {
      ...receiver,
      sink: { options: OtlpOptions, open: otlp },
      options: { type: 'otlp', endpoint: receiver.endpoint, protocol },
    }
  }
}

test.for<[string, () => Promise<Receiver>]>([
  ['remote write', () => remoteWriteTarget('auto')],
  ['OTLP over HTTP', otlpTarget('http')],
  ['OTLP over gRPC', otlpTarget('grpc')],
])('%s: what waits for a SYN to be answered arrives once it is', async ([, listen]) => {
  await using receiver = await listen()
  const endpoint = new URL(endpointOf(receiver))
  await using listener = await fullListener(Number(endpoint.port))
  endpoint.host = listener.host
  const telemetry = createTelemetry('node-1', '1.2.3')
  const settings = { ...receiver.options, endpoint: endpoint.href, timeout: '200ms' }
  const options = receiver.sink.options.parse(settings)
  await using sink = receiver.sink.open({
    name: 'main',
    options,
    version: '1.2.3',
    telemetry,
    log: () => undefined,
  })
  for (const value of [1, 2, 3]) sink.offer(moment(value))
  await until(() => reading(telemetry.sinkFailures, { reason: 'timeout' }) === 2)
  expect(reading(telemetry.sinkWireBytes, {})).toBe(0)
  listener.wakeUp()
  const values = (await receiver.received(3)).map(({ value }) => value)
  expect([...new Set(values)]).toEqual([1, 2, 3])
  expect(reading(telemetry.sinkSamplesDropped, {})).toBe(0)
})
