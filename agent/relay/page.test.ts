import { expect, test } from 'vitest'
import { parsePage } from './page.ts'

/** What a page of one line says. */
function only(text: string) {
  const [line, ...more] = parsePage(text)
  expect(more).toEqual([])
  return line
}

test('a page of text says name, labels, value, type and help of each series', () => {
  const page = [
    '# HELP http_requests_total Requests, by \\\\ and\\nmethod',
    '# TYPE http_requests_total counter',
    'http_requests_total{method="post",code="200"} 1027 1395066363000',
    'http_requests_total { method = "a\\"b\\\\c\\nd", } 3',
    '',
    '# A comment, and a metric without a type:',
    '  something_weird:x 1e-3',
  ].join('\n')
  const family = { type: 'counter', help: 'Requests, by \\ and\nmethod' }
  expect(parsePage(page)).toEqual([
    {
      name: 'http_requests_total',
      labels: [
        ['method', 'post'],
        ['code', '200'],
      ],
      value: 1027,
      family,
    },
    { name: 'http_requests_total', labels: [['method', 'a"b\\c\nd']], value: 3, family },
    { name: 'something_weird:x', labels: [], value: 0.001, family: { type: 'unknown', help: '' } },
  ])
})

test('a page of OpenMetrics gives its types to all lines of a family; exemplars are not read', () => {
  const page = [
    '# TYPE req counter',
    '# HELP req Requests',
    'req_total{a="#{}"} 17.0 1520879607.789 # {trace_id="KOO5S4vxi0o"} 0.67 1520879606.1',
    '# TYPE took histogram',
    'took_bucket{le="+Inf"} 2 # {trace_id="x"} 0.05',
    'took_count 2',
    '# TYPE rpc summary',
    'rpc{quantile="0.5"} 0.1',
    '# TYPE state stateset',
    'state{state="on"} 1',
    '# EOF',
  ].join('\n')
  expect(parsePage(page).map(({ name, value, family }) => [name, value, family.type])).toEqual([
    ['req_total', 17, 'counter'],
    ['took_bucket', 2, 'histogram'],
    ['took_count', 2, 'histogram'],
    ['rpc', 0.1, 'summary'],
    ['state', 1, 'stateset'],
  ])
})

test.each([
  ['+Inf', Infinity],
  ['-Inf', -Infinity],
  ['NaN', Number.NaN],
  ['-15.5', -15.5],
  ['1.7976931348623157e+308', Number.MAX_VALUE],
])('the value %s is read exactly', (text, value) => {
  expect(only(`gauge ${text}`)?.value).toBe(value)
})

test.each([
  'gauge',
  'gauge twelve',
  'gauge{a="b" 1',
  'gauge{a=b} 1',
  'gauge{a="b"c="d"} 1',
  '9gauge 1',
  'gauge 1 later',
])('the line %j is refused by its number', line => {
  expect(() => parsePage(`first 1\n${line}\n`)).toThrow('line 2 is no sample')
})
