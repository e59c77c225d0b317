import {
  array,
  assert,
  constantFrom,
  dictionary,
  double,
  integer,
  oneof,
  property,
  string,
  tuple,
} from 'fast-check'
import { expect, test } from 'vitest'
import { QueryError, vectorReader } from './answer.ts'

const asked = { baseUrl: 'http://prometheus:9090', query: 'up' }

const name = constantFrom('destination_ip', 'k8s_pod', 'k8s_namespace', 'ip', '__name__')
const text = oneof(
  string(),
  string({ unit: 'binary' }),
  constantFrom('192.0.2.1', '"', '\\', '}]', ',"value":[', ''),
)
const value = oneof(
  double({ noDefaultInfinity: true }).map(String),
  constantFrom('+Inf', '-Inf', 'NaN', '1e+300'),
)
const sample = tuple(dictionary(name, text), value)
const document = tuple(
  array(sample, { maxLength: 6 }),
  constantFrom(0, 1),
  array(text, { maxLength: 2 }),
)

test('any answer in any pieces is read as JSON.parse reads it', () => {
  assert(
    property(
      document,
      array(integer({ min: 1, max: 40 }), { minLength: 1 }),
      ([samples, space, warnings], sizes) => {
        const result = samples.map(([metric, number]) => ({
          metric,
          value: [1_700_000_000.123, number],
        }))
        const answer = {
          status: 'success',
          data: { resultType: 'vector', result },
          warnings,
          infos: ['a'],
        }
        const bytes = Buffer.from(JSON.stringify(answer, undefined, space))
        const { rows, end } = readPieces(bytes, sizes, ['k8s_pod', 'destination_ip'])
        expect(rows).toEqual(
          samples.map(([metric, number]) => [
            metric['k8s_pod'],
            metric['destination_ip'],
            Number(number.replace('Inf', 'Infinity')),
          ]),
        )
        expect(end).toEqual({
          samples: samples.length,
          firstNames: Object.keys(samples[0]?.[0] ?? {}),
          warnings,
          infos: ['a'],
        })
      },
    ),
    { numRuns: 2_000 },
  )
})

test('what is wrong in any place is an error of its own, or none; but never another answer', () => {
  const good = JSON.stringify({
    status: 'success',
    data: {
      resultType: 'vector',
      result: [1, 2, 3].map(at => ({ metric: { ip: `a${at}` }, value: [at, '1'] })),
    },
  })
  assert(
    property(
      integer({ min: 0, max: good.length - 1 }),
      constantFrom('"', '{', ']', ',', 'x', '', '\\', ' '),
      (at, put) => {
        const wrong = good.slice(0, at) + put + good.slice(at + 1)
        let expected: unknown
        try {
          expected = JSON.parse(wrong).data.result.map(
            (entry: { metric: { ip?: string } }) => entry.metric.ip,
          )
        } catch {
          expected = undefined
        }
        try {
          const { rows } = readPieces(Buffer.from(wrong), [7], ['ip'])
          if (expected !== undefined) expect(rows.map(([ip]) => ip)).toEqual(expected)
        } catch (error) {
          expect(error).toBeInstanceOf(QueryError)
        }
      },
    ),
    { numRuns: 3_000 },
  )
})

test('a result in the middle of other keys, and before its type, is found', () => {
  const answer =
    '{"warnings":["\\"result\\":["],"data":{"stats":{"result":[1]},"result":[{"metric":{"ip":"a"},"value":[1,"2"]}],"resultType":"vector"},"status":"success"}'
  const { rows, end } = readPieces(Buffer.from(answer), [5], ['ip'])
  expect(rows).toEqual([['a', 2]])
  expect(end.warnings).toEqual(['"result":['])
})

test('a sample without an end and a head without an end are given up', () => {
  const head = '{"status":"success","data":{"resultType":"vector","result":['
  for (const start of [`${head}{"metric":{"a":"`, '{"error":"', '<html>']) {
    const pieces = [
      Buffer.from(start),
      ...Array.from({ length: 40 }, () => Buffer.alloc(65_536, 'x')),
    ]
    const reader = vectorReader({ labels: [], onSample: () => {} }, asked)
    expect(() => pieces.forEach(reader.push)).toThrow(QueryError)
  }
})

function readPieces(bytes: Buffer, sizes: readonly number[], labels: readonly string[]) {
  const rows: (string | number | undefined)[][] = []
  const reader = vectorReader(
    { labels, onSample: (values, number) => rows.push([...values, number]) },
    asked,
  )
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1
    reader.push(bytes.subarray(at, at + size))
    at += size
  }
  return { rows, end: reader.end(200, null) }
}
