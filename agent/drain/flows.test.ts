import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { DrainedFlows } from '../kernel/kernel.ts'
import type { Flow } from '../model.ts'
import { decodeFlows } from './flows.ts'

/** One entry a line: key, value. */
function drained(lines: readonly (readonly [key: string, value: string])[]): DrainedFlows {
  const view = (column: 0 | 1) => {
    // Drained bytes may start anywhere in a larger buffer.
    const bytes = Buffer.from(`eeee${lines.map(line => line[column]).join('')}`, 'hex')
    return new DataView(Uint8Array.from(bytes).buffer, 2)
  }
  return { count: lines.length, keys: view(0), values: view(1) }
}

const u64 = (value: bigint) => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(value)
  return bytes.toString('hex')
}

const sums = (bytesSent: number, bytesReceived: number) => ({ bytesSent, bytesReceived })

test('a recorded drain of a real kernel reads as the traffic that was made', () => {
  const text = readFileSync(join(import.meta.dirname, 'recorded-drain.hex'), 'utf8')
  const lines = text.trimEnd().split('\n')
  const flows = decodeFlows(drained(lines.map(line => [line.slice(0, 64), line.slice(65)])))

  const https = {
    servicePort: 443,
    protocol: 'tcp' as const,
    connectionsOpened: 1,
    connectionsFailed: 0,
  }
  const folded = { ...https, remoteAddress: 'other', servicePort: 0, connectionsOpened: 4 }
  expect(flows).toEqual([
    { ...https, cgroupId: 823, remoteAddress: '192.0.2.10', role: 'client', ...sums(480, 40960) },
    {
      ...https,
      cgroupId: 823,
      remoteAddress: '2001:db8:ffff::11',
      role: 'server',
      ...sums(900, 2100),
    },
    { ...https, cgroupId: 823, remoteAddress: '192.0.2.12', role: 'server', ...sums(200, 524288) },
    {
      ...https,
      cgroupId: 842,
      remoteAddress: '198.51.100.20',
      role: 'server',
      ...sums(40960, 480),
    },
    {
      ...https,
      cgroupId: 861,
      remoteAddress: '2001:db8:52::7',
      role: 'client',
      ...sums(2100, 900),
    },
    {
      ...https,
      cgroupId: 880,
      remoteAddress: '198.51.100.3',
      role: 'client',
      ...sums(524288, 200),
    },
    { ...folded, cgroupId: 1963, role: 'client', ...sums(6400, 6200) },
    { ...folded, cgroupId: 1982, role: 'server', ...sums(6200, 6400) },
  ] satisfies Flow[])
})

test('counters are exact up to 2^53 - 1', () => {
  const key = `${u64(2n ** 40n + 7n)}00000000000000000000ffffc000020150000601ffffffff`
  const value = [2n ** 53n - 1n, 2n ** 32n, 2n ** 32n - 1n, 0n, 3n].map(u64).join('')
  expect(decodeFlows(drained([[key, value]]))).toEqual([
    {
      cgroupId: 2 ** 40 + 7,
      remoteAddress: '192.0.2.1',
      servicePort: 80,
      protocol: 'tcp',
      role: 'server',
      bytesSent: Number.MAX_SAFE_INTEGER,
      bytesReceived: 2 ** 32,
      connectionsOpened: 2 ** 32 - 1,
      connectionsFailed: 3,
    },
  ])
})

test('an empty drain is no flow', () => {
  expect(decodeFlows(drained([]))).toEqual([])
})
