import { z } from 'zod'

/** Base URL of a server, without a slash at its end. */
export function httpUrl(example: string) {
  return z
    .url({ protocol: /^https?$/, error: `use a URL like ${example}` })
    .refine(url => !/^https?:\/\/[^/]*@/i.test(url), 'leave user and password out of the URL')
    .transform(url => url.replace(/\/+$/, ''))
}

/** A time such as `10s`, as milliseconds. */
export function duration(leastMs: number, mostMs: number) {
  const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }
  return z
    .string()
    .regex(/^\d+(ms|s|m|h)$/, 'use a time like 10s or 5m')
    .transform(text => {
      const [, amount, unit = ''] = /^(\d+)(\D+)$/.exec(text) ?? []
      return Number(amount) * (unitMs[unit] ?? Number.NaN)
    })
    .refine(
      ms => ms >= leastMs && ms <= mostMs,
      `use a time from ${leastMs / 1_000}s to ${mostMs / 1_000}s`,
    )
}

export function count(least: number, most: number) {
  return z
    .int('use a whole number')
    .min(least, `use ${least} or more`)
    .max(most, `use ${most} or less`)
}

export const listenAddress = z
  .string()
  .regex(/^.*:\d{1,5}$/, 'use HOST:PORT, such as 0.0.0.0:8080')
  .default('0.0.0.0:8080')
  .transform(splitListen)
  .refine(({ port }) => port <= 65_535, 'use a port up to 65535')

function splitListen(text: string): { host: string; port: number } {
  const colon = text.lastIndexOf(':')
  const host = text.slice(0, colon).replace(/^\[(.*)\]$/, '$1')
  return { host: host || '0.0.0.0', port: Number(text.slice(colon + 1)) }
}
