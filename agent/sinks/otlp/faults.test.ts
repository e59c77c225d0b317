import { describe } from 'vitest'
import { faultContract } from '../test/fault-contract.ts'
import { OtlpOptions } from './options.ts'
import { otlpReceiver } from '../test/otlp-receiver.ts'
import { otlp } from './otlp.ts'

// Another one each time; PODATLAS_SEED brings back the one that a failure named.
const seed = Number(process.env.PODATLAS_SEED ?? Math.floor(Math.random() * 2 ** 31))

describe.concurrent.for(['http', 'grpc'] as const)('OTLP over %s', protocol =>
  faultContract(
    async () => {
      const receiver = await otlpReceiver(protocol)
      return {
        ...receiver,
        sink: { options: OtlpOptions, open: otlp },
        options: { type: 'otlp', endpoint: receiver.endpoint, protocol },
      }
    },
    { seed, protocol },
  ),
)
