import { beforeEach, expect, test } from 'vitest'
import { connectionReader } from './connections.ts'
import type { LookupResult } from '../locate.ts'
import type { Judged } from './verdicts.ts'
import type { Filters } from './view-request.ts'

const reasons: Readonly<Record<string, LookupResult>> = { '10.0.0.1': 'private', other: 'folded' }

const owner = { k8s_namespace: 'shop', container_name: 'app', destination_port: '443' }

test('the four measures of a connection become one row, what is missing is null or zero', async () => {
  const { rows, truncated } = await read([
    sample('192.0.2.1', 'bytesSent', 4_096),
    sample('192.0.2.1', 'sentPerSecond', 12.5),
    sample('192.0.2.1', 'bytesReceived', 17),
    sample('203.0.113.1', 'bytesReceived', 1),
    { labels: { measure: 'rows' }, value: 2 },
  ])
  expect(truncated).toBe(0)
  expect(rows).toHaveLength(2)
  expect(rows[0]).toMatchObject({
    namespace: 'shop',
    pod: null,
    address: '192.0.2.1',
    port: 443,
    city: 'Berlin',
    bytesSent: 4_096,
    bytesReceived: 17,
    sentPerSecond: 12.5,
    receivedPerSecond: 0,
  })
  expect(rows[1]).toMatchObject({ isPublic: true, country: null, bytesSent: 0, bytesReceived: 1 })
})

test('a country is filtered by what the database says, and what has none has a name too', async () => {
  const samples = ['192.0.2.1', '203.0.113.1', '10.0.0.1'].map(ip => sample(ip, 'bytesSent', 1))
  const addressesIn = async (countries: readonly string[]) =>
    (await read(samples, { countries })).rows.map(({ address }) => address)
  expect(await addressesIn(['DE', 'FR'])).toEqual(['192.0.2.1'])
  expect(await addressesIn(['unknown'])).toEqual(['203.0.113.1'])
  expect(await addressesIn(['none'])).toEqual(['10.0.0.1'])
  expect(await addressesIn([])).toHaveLength(3)
})

test('connections that Prometheus was told to leave out are counted', async () => {
  const { truncated } = await read([
    sample('192.0.2.1', 'bytesSent', 1),
    { labels: { measure: 'rows' }, value: 2_001 },
  ])
  expect(truncated).toBe(2_000)
})

/** What the judge was asked in a test. */
let asked: Judged[] = []

beforeEach(() => {
  asked = []
})

test('verdicts go by the country as rules name it: folded and private ends are not judged', async () => {
  const { rows, policies } = await read(
    ['192.0.2.1', '203.0.113.1', '10.0.0.1', 'other'].map(ip => sample(ip, 'bytesSent', 1)),
  )
  expect(asked.map(({ country }) => country)).toEqual(['DE', 'unknown', 'none', 'none'])
  expect(asked[0]).toEqual({
    namespace: 'shop',
    pod: null,
    role: null,
    country: 'DE',
    asNumber: null,
  })
  expect(policies).toEqual([{ name: 'home', severity: 'warning' }])
  expect(rows[0]).toMatchObject({ verdict: 'allowed', violates: [] })
})

const noFilters = { namespaces: [], pods: [], containers: [], countries: [] }

function read(
  samples: readonly { labels: Record<string, string>; value: number }[],
  filters: Partial<Filters> = {},
) {
  const reader = connectionReader({
    ask: async () => ({ samples, warnings: [], infos: [] }),
    locate: address =>
      address === '192.0.2.1'
        ? { result: 'found', place: { country: 'DE', city: 'Berlin' } }
        : { result: reasons[address] ?? 'unknown' },
    readVerdicts: async () => ({
      policies: [{ name: 'home', severity: 'warning' }],
      judge: judged => {
        asked.push(judged)
        return { verdict: 'allowed', violates: [] }
      },
    }),
    maxRows: 2_000,
  })
  return reader({ windowSeconds: 60, filters: { ...noFilters, ...filters } })
}

function sample(address: string, measure: string, value: number) {
  return { labels: { ...owner, destination_ip: address, measure }, value }
}
