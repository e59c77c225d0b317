import { expect, test } from 'vitest'
import { partialSuccessIn, refusalIn } from './answer.ts'
import { encodeMessage } from '../test/otlp-decode.ts'

function partial(content: object): Buffer {
  return encodeMessage('ExportMetricsServiceResponse', { partial_success: content })
}

test('points that were rejected are read with the reason', () => {
  const body = partial({ rejected_data_points: 300, error_message: 'too old,\nsorry' })
  expect(partialSuccessIn(body)).toEqual({ rejected: 300, message: 'too old, sorry' })
})

test('a message without rejected points is a warning', () => {
  expect(partialSuccessIn(partial({ error_message: 'use v2' }))).toEqual({
    rejected: 0,
    message: 'use v2',
  })
})

test.for([
  ['an empty answer', Buffer.alloc(0)],
  ['a partial success that says nothing', partial({})],
  ['text', Buffer.from('{"partialSuccess":{}}')],
] as const)('%s means that everything was taken', ([, body]) => {
  expect(partialSuccessIn(body)).toBeUndefined()
})

test('an answer that was cut off says what it said up to there', () => {
  const body = partial({ rejected_data_points: 7, error_message: 'x'.repeat(100_000) })
  const { rejected, message } = partialSuccessIn(body.subarray(0, 65_536)) ?? {}
  expect([rejected, message?.length]).toEqual([7, 512])
})

test('a status gives its message and how long to wait', () => {
  const delay = encodeMessage('RetryInfo', { retry_delay: { seconds: 5, nanos: 250_000_000 } })
  const other = { type_url: 'type.googleapis.com/google.rpc.BadRequest', value: Buffer.from('x') }
  const details = [other, { type_url: 'type.googleapis.com/google.rpc.RetryInfo', value: delay }]
  const status = encodeMessage('Status', { code: 14, message: 'busy', details })
  expect(refusalIn(status)).toEqual({ message: 'busy', retryDelayMs: 5_250 })
  expect(refusalIn(encodeMessage('Status', { message: 'no' }))).toEqual({ message: 'no' })
})

test('whatever bytes come, reading them ends', () => {
  for (let seed = 1, round = 0; round < 2_000; round++) {
    const bytes = Uint8Array.from({ length: 60 }, () => (seed = (seed * 48_271) % 2_147_483_647))
    expect(partialSuccessIn(bytes)?.message.length ?? 0).toBeLessThan(513)
    expect(refusalIn(bytes).message.length).toBeLessThan(513)
  }
})
