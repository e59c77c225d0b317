import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Flow, Role } from '../model.ts'
import { exampleFlow } from '../test/example-flow.ts'
import { drainOf } from '../test/fake-kernel.ts'
import { decodeFlows } from './flows.ts'

/** Drained bytes may start anywhere in a larger buffer. */
function decode(flows: readonly (readonly [key: string, value: string])[]): Flow[] {
  const { count, entries } = drainOf(flows.map(([key, value]) => ({ key, value })))
  const larger = new Uint8Array(entries.byteLength + 2).fill(0xee)
  larger.set(new Uint8Array(entries.buffer), 2)
  return decodeFlows({ count, entries: new DataView(larger.buffer, 2) })
}

const u64 = (value: bigint) => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(value)
  return bytes.toString('hex')
}

const sums = (bytesSent: number, bytesReceived: number) => ({ bytesSent, bytesReceived })

/** Idle but for what is `changed`. */
function flow(changed: Partial<Flow>): Flow {
  const { owner: _, ...idle } = exampleFlow(changed)
  return idle
}

function connection(cgroupId: number, role: Role, remoteAddress: string): Flow {
  return flow({ cgroupId, role, remoteAddress, connectionsOpened: 1 })
}

function overflow(cgroupId: number, role: Role): Flow {
  return flow({ cgroupId, role, remoteAddress: 'other', servicePort: 0, connectionsOpened: 4 })
}

test('a recorded drain of a real kernel reads as the traffic that was made', () => {
  const text = readFileSync(join(import.meta.dirname, 'recorded-drain.hex'), 'utf8')
  const lines = text.trimEnd().split('\n')
  const flows = decode(lines.map(line => [line.slice(0, 64), line.slice(65)]))

  expect(flows).toEqual([
    { ...connection(823, 'client', '192.0.2.10'), ...sums(480, 40960) },
    { ...connection(823, 'server', '2001:db8:ffff::11'), ...sums(900, 2100) },
    { ...connection(823, 'server', '192.0.2.12'), ...sums(200, 524288) },
    { ...connection(842, 'server', '198.51.100.20'), ...sums(40960, 480) },
    { ...connection(861, 'client', '2001:db8:52::7'), ...sums(2100, 900) },
    { ...connection(880, 'client', '198.51.100.3'), ...sums(524288, 200) },
    { ...overflow(1963, 'client'), ...sums(6400, 6200) },
    { ...overflow(1982, 'server'), ...sums(6200, 6400) },
  ])
})

test('each counter has its place, and is exact up to 2^53 - 1', () => {
  const key = `${u64(2n ** 40n + 7n)}00000000000000000000ffffc00002015000110101020384`
  const large = [2n ** 53n - 1n, 2n ** 32n, 2n ** 32n - 1n]
  const value = [...large, ...Array.from({ length: 12 }, (_, i) => BigInt(i + 4))]
  expect(decode([[key, value.map(u64).join('')]])).toEqual([
    {
      cgroupId: 2 ** 40 + 7,
      remoteAddress: '192.0.2.1',
      servicePort: 80,
      protocol: 'udp',
      role: 'server',
      // Unsigned.
      processKey: 0x84_03_02_01,
      bytesSent: Number.MAX_SAFE_INTEGER,
      bytesReceived: 2 ** 32,
      connectionsOpened: 2 ** 32 - 1,
      rttSumUs: 4,
      rttSamples: 5,
      rttMinUs: 6,
      retransmits: 7,
      datagramsSent: 8,
      datagramsReceived: 9,
      failedRefused: 10,
      failedTimedOut: 11,
      failedUnreachable: 12,
      failedOther: 13,
      resetByUs: 14,
      resetByPeer: 15,
    },
  ])
})

test('an empty drain is no flow', () => {
  expect(decode([])).toEqual([])
})
