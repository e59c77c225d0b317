import { mkdtempDisposableSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { senderTo } from '../test/conformance-sender.ts'
import { spoolContract } from '../test/contract.ts'
import { moment } from '../test/deliveries.ts'
import {
  EXAMPLE_MS,
  exampleSample,
  exampleSamples,
  exampleSeries,
  reading,
} from '../test/examples.ts'
import { until, writeReceiver } from '../test/write-receiver.ts'
import { remoteWriteTarget } from '../test/remote-write-target.ts'

describe.for(['1.0', '2.0'])('remote write %s', protocol =>
  spoolContract(() => remoteWriteTarget(protocol)),
)

test('what was spooled for 2.0 arrives at a receiver of 1.0, in order, and each start asks once for 2.0', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'podatlas-old-'))
  const live = (endpoint: string) => senderTo(endpoint, {}, folder.path)
  const gone = await writeReceiver()
  await gone[Symbol.asyncDispose]()
  const before = live(gone.endpoint)
  for (const value of [1, 2, 3]) before.offer(moment(value))
  await before[Symbol.asyncDispose]()
  await using old = await writeReceiver(0, 'refusing')
  for (const values of [[4], [5, 6]]) {
    await using target = live(old.endpoint)
    for (const value of values) target.offer(moment(value))
    await old.received(values.at(-1) ?? 0)
  }
  expect(old.taken.map(({ value }) => value)).toEqual([1, 2, 3, 4, 5, 6])
  const versions = old.requests.map(({ headers }) => headers['x-prometheus-remote-write-version'])
  const [again, as1] = ['2.0.0', '0.1.0']
  expect(versions).toEqual([again, as1, as1, as1, as1, again, as1, as1])
})

function many(count: number, prefix: string) {
  return exampleSamples(
    Array.from({ length: count }, (_, i) => [exampleSeries(`${prefix}${i}`), i] as const),
  )
}

const one = exampleSample(exampleSeries(), 1)

test.for([
  ['2.0', '2.0.0', 'application/x-protobuf;proto=io.prometheus.write.v2.Request'],
  ['auto', '2.0.0', 'application/x-protobuf;proto=io.prometheus.write.v2.Request'],
  ['1.0', '0.1.0', 'application/x-protobuf'],
])('with protocol %s a request carries the headers of its version', async ([protocol, ...told]) => {
  await using receiver = await writeReceiver()
  const settings = { protocol, headers: { 'X-Scope-OrgID': 'team-a' } }
  await using target = senderTo(receiver.endpoint, settings)
  target.offer(one)
  const [request] = await receiver.asked(1)
  expect(request?.headers).toMatchObject({
    'content-encoding': 'snappy',
    'content-type': told[1],
    'x-prometheus-remote-write-version': told[0],
    'user-agent': 'podatlas/1.2.3',
    'x-scope-orgid': 'team-a',
    'content-length': String(request?.body.length),
  })
  expect(request?.headers).not.toHaveProperty('authorization')
})

test('more than 2000 samples go in several requests, in order', async () => {
  await using receiver = await writeReceiver()
  await using target = senderTo(receiver.endpoint, { maxParallel: 1 })
  target.offer(many(4_500, 'p'))
  const taken = await receiver.received(4_500)
  expect(receiver.requests.map(request => request.samples.length)).toEqual([2_000, 2_000, 500])
  expect(taken.map(({ value }) => value)).toEqual(Array.from({ length: 4_500 }, (_, i) => i))
})

describe.for(['1.0', '2.0'])('answers to %s that are final', protocol => {
  test.for([300, 307, 400, 401, 403, 404, 409, 413, 415, 422, 499])(
    '%i is never tried again, its samples are counted under it, its body is logged once',
    async status => {
      await using receiver = await writeReceiver()
      const text = `no, because\nof reasons ${'x'.repeat(2_000)}`
      receiver.answerNext({ status, text })
      await using target = senderTo(receiver.endpoint, { protocol })
      target.offer(one)
      target.offer(exampleSample(exampleSeries(), 2, EXAMPLE_MS + 1_000))
      const taken = await receiver.received(1)
      expect(taken.map(({ value }) => value)).toEqual([2])
      expect(receiver.requests).toHaveLength(2)
      const { sinkSamplesDropped, sinkFailures } = target.telemetry
      expect(reading(sinkSamplesDropped, { reason: String(status) })).toBe(1)
      expect(reading(sinkFailures, { reason: String(status) })).toBe(1)
      expect(target.lines).toHaveLength(1)
      expect(target.lines[0]).toContain(`answered ${status}: no, because of reasons xxx`)
      expect(target.lines[0]?.length).toBeLessThan(700)
    },
  )
})

describe.for(['1.0', 'auto'])('answers that deserve a retry, protocol %s', protocol => {
  test.for([429, 500, 501, 502, 503, 504, 599])(
    '%i is tried again with the same bytes until it is taken',
    async status => {
      await using receiver = await writeReceiver()
      receiver.answerNext({ status }, { status })
      await using target = senderTo(receiver.endpoint, { protocol })
      target.offer(one)
      await receiver.received(1)
      const [first, ...others] = receiver.requests.map(({ body }) => body.toString('hex'))
      expect(others).toEqual([first, first])
      const { sinkSamplesDropped, sinkSamplesSent, sinkFailures } = target.telemetry
      await until(() => reading(sinkSamplesSent, { sink: 'main' }) === 1)
      expect(reading(sinkFailures, { reason: String(status) })).toBe(2)
      expect(reading(sinkSamplesDropped, { sink: 'main' })).toBe(0)
    },
  )

  test.for([200, 202, 204])('%i is success', async status => {
    await using receiver = await writeReceiver()
    receiver.answerAll({ status, text: 'whatever it says' })
    await using target = senderTo(receiver.endpoint, { protocol })
    target.offer(one)
    await receiver.received(1)
    const { sinkSamplesSent } = target.telemetry
    await until(() => reading(sinkSamplesSent, { sink: 'main' }) === 1)
    expect(receiver.requests).toHaveLength(1)
  })

  test('Retry-After is waited for', async () => {
    await using receiver = await writeReceiver()
    receiver.answerNext({ status: 429, headers: { 'retry-after': '1' } })
    await using target = senderTo(receiver.endpoint, { protocol })
    const startedMs = performance.now()
    target.offer(one)
    await receiver.received(1)
    expect(performance.now() - startedMs).toBeGreaterThan(950)
  })

  test('a destination that is not there yet gets everything once it is', async () => {
    const before = await writeReceiver()
    await before[Symbol.asyncDispose]()
    await using target = senderTo(before.endpoint, { protocol })
    target.offer(one)
    const { sinkFailures } = target.telemetry
    await until(() => reading(sinkFailures, { reason: 'refused' }) >= 2)
    await using receiver = await writeReceiver(Number(new URL(before.endpoint).port))
    expect(await receiver.received(1)).toHaveLength(1)
  })
})

test('413 is final for its batch, and what follows goes in smaller requests', async () => {
  await using receiver = await writeReceiver()
  receiver.answerNext({ status: 413 })
  // One after the other: which of two comes first is nobody's promise.
  await using target = senderTo(receiver.endpoint, { maxParallel: 1 })
  target.offer(many(3_000, 'p'))
  await receiver.received(1_000)
  target.offer(many(1_500, 'q'))
  await receiver.received(2_500)
  const sizes = receiver.requests.map(request => request.samples.length)
  expect(sizes).toEqual([2_000, 1_000, 1_000, 500])
})

function basic(text: string): string {
  return `Basic ${Buffer.from(text).toString('base64')}`
}

describe('Basic authentication', () => {
  test('user name and password travel with each request and in no message', async () => {
    await using receiver = await writeReceiver()
    receiver.answerNext({ status: 401, text: 'who are you' })
    await using target = senderTo(receiver.endpoint, { username: 'müller', password: 'se:cret' })
    target.offer(one)
    const [request] = await receiver.asked(1)
    expect(request?.headers.authorization).toBe(basic('müller:se:cret'))
    await until(() => target.lines.length > 0)
    expect(target.lines.join()).not.toMatch(/se:cret|bcO8bGxlc|Basic/)
  })

  test('user name and password of a mounted Secret are used, and a missing one is named', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'podatlas-secret-'))
    try {
      const [usernameFile, passwordFile] = [join(folder, 'username'), join(folder, 'password')]
      await writeFile(passwordFile, 'p')
      await using receiver = await writeReceiver()
      await using target = senderTo(receiver.endpoint, { usernameFile, passwordFile })
      target.offer(one)
      const { sinkFailures } = target.telemetry
      await until(() => reading(sinkFailures, { reason: 'username_file' }) > 0)
      await writeFile(usernameFile, 'u\n')
      const [request] = await receiver.asked(1)
      expect(request?.headers.authorization).toBe(basic('u:p'))
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  test('a password file that changes is used from the next request on', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'podatlas-password-'))
    try {
      const passwordFile = join(folder, 'password')
      await using receiver = await writeReceiver()
      await using target = senderTo(receiver.endpoint, { username: 'u', passwordFile })
      target.offer(one)
      const { sinkFailures } = target.telemetry
      await until(() => reading(sinkFailures, { reason: 'password_file' }) > 0)
      await writeFile(passwordFile, 'first\n')
      await receiver.received(1)
      await writeFile(passwordFile, 'second')
      target.offer(exampleSample(exampleSeries(), 2, EXAMPLE_MS + 1_000))
      await receiver.received(2)
      const sent = receiver.requests.map(({ headers }) => headers.authorization)
      expect(sent).toEqual([basic('u:first'), basic('u:second')])
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

test('a batch of more than 32 MB arrives in several requests, each within what receivers take', async () => {
  await using receiver = await writeReceiver()
  await using target = senderTo(receiver.endpoint)
  const wide = Array.from({ length: 5 }, (_, i) => exampleSeries(`${i}${'x'.repeat(8_000_000)}`))
  target.offer(exampleSamples(wide.map((series, i) => [series, i] as const)))
  const taken = await receiver.received(5)
  expect(taken.map(({ value }) => value)).toEqual([0, 1, 2, 3, 4])
  expect(receiver.requests.map(({ samples }) => samples.length)).toEqual([2, 3])
})

test('a sample that no receiver would take is dropped with its reason, and the next is sent', async () => {
  await using receiver = await writeReceiver()
  await using target = senderTo(receiver.endpoint)
  target.offer(exampleSample(exampleSeries('x'.repeat(34_000_000)), 1))
  target.offer(exampleSample(exampleSeries(), 2, EXAMPLE_MS + 1_000))
  expect(await receiver.received(1)).toMatchObject([{ value: 2 }])
  expect(reading(target.telemetry.sinkSamplesDropped, { reason: 'too_large' })).toBe(1)
})
