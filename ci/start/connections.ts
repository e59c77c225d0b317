import { z } from 'zod'

const Row = z.object({
  namespace: z.string().nullable(),
  pod: z.string().nullable(),
  container: z.string().nullable(),
  role: z.string().nullable(),
  address: z.string(),
  port: z.number().nullable(),
  city: z.string().nullable(),
  country: z.string().nullable(),
  countryName: z.string().nullable(),
  latitude: z.number().nullable(),
  longitude: z.number().nullable(),
  bytesSent: z.number(),
  bytesReceived: z.number(),
  sentPerSecond: z.number(),
  receivedPerSecond: z.number(),
})
const Connections = z.object({
  generatedAt: z.iso.datetime().nullable(),
  problem: z.string().nullable(),
  truncated: z.number(),
  rows: z.array(Row),
})

/** Who talks to which place, how much since its counter began and per second now. */
export type Row = z.output<typeof Row>

export type Connections = z.output<typeof Connections>

// geoip takes no shorter window: a rate needs some samples.
const leastSeconds = 10
const answerWithinMs = 10_000

/** Asks geoip at `page`; rates are those of the last `windowSeconds`, of 10 s at least. */
export async function readConnections(
  page: string,
  windowSeconds: number,
  signal?: AbortSignal,
): Promise<Connections> {
  const patience = AbortSignal.timeout(answerWithinMs)
  const url = `${page}api/connections?window=${Math.max(leastSeconds, windowSeconds)}s`
  const response = await fetch(url, {
    signal: signal ? AbortSignal.any([signal, patience]) : patience,
  })
  return Connections.parse(await response.json())
}

/** Loopback of either family: traffic that has no place on Earth. */
export function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.')
}
