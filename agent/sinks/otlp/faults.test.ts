import { describe } from 'vitest'
import type { Receiver } from '../test/contract.ts'
import { faultContract } from '../test/fault-contract.ts'
import { killContract } from '../test/kill-contract.ts'
import { OtlpOptions } from './options.ts'
import { otlpReceiver } from '../test/otlp-receiver.ts'
import { otlp } from './otlp.ts'

// Another one each time; PODATLAS_SEED brings back the one that a failure named.
const seed = Number(process.env.PODATLAS_SEED ?? Math.floor(Math.random() * 2 ** 31))

describe.concurrent.for(['http', 'grpc'] as const)('OTLP over %s', protocol =>
  faultContract(() => target(protocol), { seed, protocol }),
)

describe('OTLP over http from a spool', () =>
  killContract(() => target('http'), { seed, count: 2 }))

async function target(protocol: 'http' | 'grpc'): Promise<Receiver> {
  const receiver = await otlpReceiver(protocol)
  return {
    ...receiver,
    sink: { options: OtlpOptions, open: otlp },
    options: { type: 'otlp', endpoint: receiver.endpoint, protocol },
  }
}
